// SPDX-License-Identifier: Apache-2.0
// A file in the temporary directory and a worker thread: both are things that real applications do.
const fs = require('fs'), http = require('http'), os = require('os'), path = require('path');
const { Worker } = require('worker_threads');

const greeting = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'app-')), 'greeting');

const server = http.createServer((request, response) => fs.createReadStream(greeting).pipe(response));
new Worker(`require('fs').writeFileSync(${JSON.stringify(greeting)}, 'hello from node\\n')`, { eval: true })
    .on('exit', () => server.listen(3000));

// Pid 1 has no default action for signals.
process.on('SIGTERM', () => process.exit(0));
