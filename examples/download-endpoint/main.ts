/** node main.ts: serves an encrypted object, and asks for it. With --serve, goes on serving. */
import { openLocalBucket } from './local-bucket.ts';
import { downloadServer } from './server.ts';

const bucket = await openLocalBucket();
await bucket.objects.put('video.txt', 'frame '.repeat(50_000), { contentType: 'text/plain' });
const server = downloadServer(bucket.objects);
const address = await server.listen({ host: '127.0.0.1', port: 0 });
console.log(`${address}/files/video.txt`);

const whole = await fetch(`${address}/files/video.txt`);
console.log(whole.status, (await whole.arrayBuffer()).byteLength, 'bytes');
const part = await fetch(`${address}/files/video.txt`, { headers: { range: 'bytes=6-10' } });
console.log(part.status, part.headers.get('content-range'), JSON.stringify(await part.text()));
const beyond = await fetch(`${address}/files/video.txt`, { headers: { range: 'bytes=999999-' } });
console.log(beyond.status, beyond.headers.get('content-range'));
const missing = await fetch(`${address}/files/none`);
console.log(missing.status);

if (!process.argv.includes('--serve')) {
  await server.close();
  await bucket.close();
}
