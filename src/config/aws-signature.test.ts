import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessRegion, signForS3, signRequest } from './aws-signature.ts';

/** The public test suite of Signature Version 4. */
const SUITE = { accessKeyID: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', awsRegion: 'us-east-1' };
const SCOPE = { region: 'us-east-1', service: 'service', contentHeader: false };
const DATE = new Date('2015-08-30T12:36:00Z');

/** The examples of the S3 documentation ("Signature Calculations for the Authorization Header"). */
const S3 = { accessKeyID: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', awsRegion: '' };
const S3_DATE = new Date('2013-05-24T00:00:00Z');

const signatureOf = (headers: Record<string, string>) => /Signature=([0-9a-f]{64})$/.exec(headers['authorization']!)![1];

test('signRequest, the suite, its signatures', () => {
  const cases: [string, string][] = [
    ['/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['/?Param2=value2&Param1=value1', 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500'],
    ['/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f'],
    ['/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197'],
  ];
  for (const [path, expected] of cases) {
    const url = new URL(path, 'https://example.amazonaws.com');
    assert.equal(signatureOf(signRequest({ url, method: 'GET', date: DATE }, SUITE, SCOPE)), expected, path);
  }
});

test('signForS3, the examples of the documentation, their signatures', () => {
  const sign = (path: string, headers = {}) => {
    const url = new URL(path, 'https://examplebucket.s3.amazonaws.com');
    return signForS3({ url, method: 'GET', headers, date: S3_DATE }, S3);
  };
  const object = sign('/test.txt', { range: 'bytes=0-9' });
  assert.equal(object['x-amz-date'], '20130524T000000Z');
  assert.equal(
    object['authorization'],
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
      'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
  assert.equal(signatureOf(sign('/?lifecycle')), 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543');
  assert.equal(signatureOf(sign('/?max-keys=2&prefix=J')), '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
});

test('guessRegion, hosts of S3 and others', () => {
  const cases: [string, string][] = [
    ['bucket.s3.amazonaws.com', 'us-east-1'],
    ['s3.amazonaws.com', 'us-east-1'],
    ['s3-external-1.amazonaws.com', 'us-east-1'],
    ['bucket.s3-external-1.amazonaws.com', 'us-east-1'],
    ['s3-eu-west-1.amazonaws.com', 'eu-west-1'],
    ['bucket.s3-eu-west-1.amazonaws.com', 'eu-west-1'],
    ['bucket.s3.eu-central-1.amazonaws.com', 'eu-central-1'],
    ['s3.eu-central-1.amazonaws.com', 'eu-central-1'],
    ['example.com', 'us-east-1'],
  ];
  for (const [host, region] of cases) assert.equal(guessRegion(host), region, host);
});
