// A signed request as a front end makes it without an SDK: fetch, and Signature Version 4 by hand.
// Arguments: method, address, body ('' for none), service; the credential is in the environment.
import { createHash, createHmac } from 'node:crypto';

const [method, address, body, service] = process.argv.slice(2);
const { ACCESS_KEY: accessKey, SECRET_KEY: secretKey } = process.env;
const region = 'us-east-1';
const sha256 = text => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const encode = text => encodeURIComponent(text).replace(/[!'()*]/g, c => '%' + c.charCodeAt(0).toString(16).toUpperCase());

const url = new URL(address);
const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
const headers = {
  'content-type': 'application/json',
  host: url.host,
  'x-amz-content-sha256': sha256(body),
  'x-amz-date': date,
};
const signed = Object.keys(headers).sort();
const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort().join('&');
const canonical = [method, url.pathname, query, ...signed.map(name => `${name}:${headers[name]}`), '', signed.join(';'), sha256(body)].join('\n');
const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
const key = [date.slice(0, 8), region, service, 'aws4_request'].reduce(hmac, 'AWS4' + secretKey);
const { host, ...sent } = headers;
const answer = await fetch(url, {
  method,
  headers: {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${signed.join(';')}, Signature=${hmac(key, toSign).toString('hex')}`,
  },
  body: body || undefined,
});
process.stdout.write(await answer.text());
process.exitCode = answer.ok ? 0 : 1;
