#!/usr/bin/env node
// The command, before any of it is TypeScript. Plain old JavaScript on purpose: it has to run far enough on a Node
// that is too old to say so.
'use strict';

var path = require('path');

var oldestNode = [20, 3];
var graceMs = 1000;
var checkout = path.join(__dirname, '..');

function isTooOld(version) {
  var parts = version.split('.').map(Number);
  return parts[0] < oldestNode[0] || (parts[0] === oldestNode[0] && parts[1] < oldestNode[1]);
}

function giveUp(message) {
  process.stderr.write('unitrail: ' + message + '\n');
  process.exitCode = 1;
}

function userCache() {
  var home = process.env.HOME || require('os').homedir();
  if (path.isAbsolute(process.env.XDG_CACHE_HOME || '')) return process.env.XDG_CACHE_HOME;
  return process.platform === 'darwin' ? path.join(home, 'Library', 'Caches') : path.join(home, '.cache');
}

/**
 * tsx keeps what it compiled in a folder of a fixed name below TMPDIR: there, whoever made the folder first could hand
 * us his code, and it would be left behind. So it gets a private one in the user's cache; where that can't be, none.
 */
function withPrivateCache(load) {
  var before = {
    TMPDIR: process.env.TMPDIR,
    TSX_TSCONFIG_PATH: process.env.TSX_TSCONFIG_PATH,
    TSX_DISABLE_CACHE: process.env.TSX_DISABLE_CACHE,
  };
  var folder = path.join(userCache(), 'unitrail', 'compiled');
  try {
    require('fs').mkdirSync(folder, { recursive: true, mode: 448 }); // 0700
    process.env.TMPDIR = folder;
  } catch {
    process.env.TSX_DISABLE_CACHE = '1';
  }
  // Not the tsconfig.json of the folder that somebody happens to stand in.
  process.env.TSX_TSCONFIG_PATH = path.join(checkout, 'tsconfig.json');
  try {
    return load();
  } finally {
    Object.keys(before).forEach(function (name) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    });
  }
}

function start() {
  withPrivateCache(function () {
    require('tsx/cjs');
  });
  require('./main.ts')
    .main(process.argv.slice(2))
    .then(function (code) {
      process.exitCode = code;
      // Everything is closed by now. What holds the process all the same (a native library after an error) is not ours.
      require('timers').setTimeout(process.exit, graceMs).unref();
    });
}

if (isTooOld(process.versions.node)) {
  giveUp(
    'Node.js ' +
      oldestNode.join('.') +
      ' or later is needed, and this is ' +
      process.versions.node +
      '. Install a newer one: https://nodejs.org',
  );
} else if (!require('fs').existsSync(path.join(checkout, 'node_modules', 'tsx'))) {
  giveUp('its packages are not installed. Run npm ci in ' + checkout + ' first.');
} else {
  start();
}
