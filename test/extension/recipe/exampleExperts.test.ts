import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { readOrigin } from '../../../src/experiment/adapterFiles.ts';
import { openExperiment, trainedExperts } from '../../../src/experiment/experiment.ts';
import { exampleExperts, exampleQuestion } from '../../../src/extension/recipe/exampleExperts.ts';
import { hashOfBase } from '../../support/hashOfBase.ts';
