// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are programs
import { describe, expect, test } from 'vitest';
import { namesMeant } from '../../agent/handler-check/named-paths.ts';

describe('a name is meant by', () => {
  test.each([
    ['sh, a number of its own', 'echo x > /tmp/app.$$', 'app.4711'],
    ['sh, in quotes', 'echo x > "/tmp/app-$JOB_ID.log"', 'app-job-1.log'],
    ['sh, in braces', 'out=/tmp/${name}.lock', 'abc.lock'],
    ['sh, of a program', 'f=/tmp/report-$(date +%s).txt', 'report-1700000000.txt'],
    ['sh, of a program in the old way', 'f=/tmp/report-`date +%s`', 'report-1700000000'],
    ['mktemp', 'mktemp /tmp/app.XXXXXX', 'app.a8Zq01'],
    ['a folder in a variable', 'dir=/tmp\ntouch "$dir/app.$$"', 'app.4711'],
    ['a folder in braces', 'dir="/tmp"; touch "${dir}/app.$$"', 'app.4711'],
    ['printf', `printf '%s' x > "$(printf '/tmp/app-%d' $$)"`, 'app-4711'],
    ['Python, f-string', 'open(f"/tmp/report-{os.getpid()}.txt", "w")', 'report-4711.txt'],
    ['Python, by %', 'open("/tmp/report-%d.txt" % pid, "w")', 'report-4711.txt'],
    ['Python, by +', 'open("/tmp/report-" + str(pid), "w")', 'report-4711'],
    ['Python, by join', "os.path.join('/tmp', 'report-%d' % pid)", 'report-4711'],
    ['JavaScript', 'writeFile(`/tmp/report-${process.pid}`)', 'report-4711'],
    ['JavaScript, by join', "join('/tmp', `report-${process.pid}`)", 'report-4711'],
    ['what is below it', 'mkdir -p /tmp/app.$$/cache', 'app.4711'],
  ])('%s', (_, text, name) => {
    expect(namesMeant(text, '/tmp')(name)).toBe(true);
  });
});

describe('a name is not meant by', () => {
  test.each([
    ['another beginning', 'echo x > /tmp/app.$$', 'other.4711'],
    ['what only begins alike', 'echo x > /tmp/app', 'app-of-another'],
    ['a variable alone', 'echo x > /tmp/$name', 'anything'],
    ['a variable and too little', 'echo x > /tmp/$name.x', 'any.x'],
    ['another folder', 'echo x > /var/tmp/app.$$', 'app.4711'],
    ['a folder in a variable that is another', 'dir=/srv\ntouch "$dir/app.$$"', 'app.4711'],
    ['nothing', '', 'app'],
  ])('%s', (_, text, name) => {
    expect(namesMeant(text, '/tmp')(name)).toBe(false);
  });
});
