import assert from 'node:assert/strict';
import test from 'node:test';
import { viewPage } from '../../../src/extension/webviews/viewPage.ts';

const page = viewPage({
  title: 'Report of <b>"math"</b>',
  subject: "/tmp/it's <here>/report.json",
  source: 'https://editor.example',
  nonce: 'word',
  scripts: ['/report.js'],
  styles: ['/report.css'],
});

test('the policy: nothing but named scripts and style sheets, nothing remote, nothing inline', () => {
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)![1]!.replaceAll('&#39;', "'");
  assert.deepEqual(policy.split('; '), [
    "default-src 'none'",
    "script-src 'nonce-word'",
    "style-src https://editor.example 'nonce-word'",
    'img-src https://editor.example data:',
    'font-src https://editor.example',
  ]);
  assert.deepEqual(page.match(/<script[^>]*>[^<]*/g), ['<script type="module" nonce="word" src="/report.js">']);
  assert.doesNotMatch(page, /<style|style=|\son\w+=/);
});

test('what is put in is text', () => {
  assert.match(page, /<title>Report of &lt;b&gt;&quot;math&quot;&lt;\/b&gt;<\/title>/);
  assert.match(page, /<body data-subject="\/tmp\/it&#39;s &lt;here&gt;\/report.json">/);
});
