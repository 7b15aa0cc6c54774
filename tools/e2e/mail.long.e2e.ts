// Takes 240 s.
import { join } from 'node:path';
import { locateEngine } from '@excel2doc/engine';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './browser';
import { writeDocument } from './documents';
import { drop, openLook } from './page';
import { type Stack, startStack } from './stack';

const SENDER = 'Accounting <accounting@example.org>';
const LOOKS = [
  { locale: 'en-GB', colorScheme: 'dark', width: 1366 },
  { locale: 'zh-CN', colorScheme: 'light', width: 360 },
] as const;

let stack: Stack;
let browser: Browser;
let letter: Buffer;

beforeAll(async () => {
  const additions = {
    files: [join(__dirname, 'mail/compose.yaml')],
    variables: {
      EXCEL2DOC_SMTP_HOST: 'mail',
      EXCEL2DOC_SMTP_PORT: '2525',
      EXCEL2DOC_SMTP_SECURITY: 'none',
      EXCEL2DOC_MAIL_FROM: SENDER,
    },
  };
  [stack, browser] = await Promise.all([
    startStack(await locateEngine(), 'mail', 2, additions),
    launchChromium(),
  ]);
  letter = await writeDocument(stack, ['Dear {{ Name }},', 'you owe {{ Amount }}.']);
});

afterAll(async () => {
  await browser?.close();
  await stack?.compose.down({ volumes: true });
});

interface Arrived {
  to: string;
  from: string;
  subject: string;
  text: string;
  /** Paragraphs by the attachment's name. */
  attached: Record<string, string[]>;
}

/** The mails that the server has taken about `subject`, by who gets them. */
async function arrived(subject: string): Promise<Arrived[]> {
  const all = JSON.parse(await stack.python('mail', READ)) as Arrived[];
  return all
    .filter((mail) => mail.subject.startsWith(subject))
    .sort((one, other) => (one.to < other.to ? -1 : 1));
}

const READ = `
import email.policy, io, json, mailbox, docx
from email.parser import BytesParser
parse = BytesParser(policy=email.policy.default).parsebytes
texts = lambda content: [p.text for p in docx.Document(io.BytesIO(content)).paragraphs if p.text]
box = mailbox.Maildir("/tmp/mails")
mails = [parse(box.get_bytes(key)) for key in box.keys()]
print(json.dumps([{
    "to": str(mail["To"]), "from": str(mail["From"]), "subject": str(mail["Subject"]),
    "text": mail.get_body().get_content().replace("\\r\\n", "\\n").strip(),
    "attached": {a.get_filename(): texts(a.get_content()) for a in mail.iter_attachments()},
} for mail in mails]))`;

/** On the page: a letter for each of these rows, made from a workbook of this name. */
async function convert(page: Page, name: string, rows: string[]): Promise<void> {
  await drop(page, name, ['Name;Mail;Amount', ...rows].join('\n'));
  await page.getByRole('columnheader', { name: 'Mail' }).waitFor();
  await page.locator('[name=mode][value=per-row]').check({ force: true });
  await page
    .locator('#template-file')
    .setInputFiles({ name: 'letter.docx', mimeType: 'application/octet-stream', buffer: letter });
  await page.locator('#mapping select').first().waitFor();
  await page.locator('#file-name').fill('{{ Name }}');
  await page.locator('#start').click();
  await page.locator('#download').waitFor();
}

const says = (page: Page, id: string, text: string | RegExp) =>
  page.locator(id).filter({ hasText: text }).waitFor();

async function word(page: Page, subject: string): Promise<void> {
  await page.locator('#mail-part > summary').click();
  expect(await page.locator('#mail-address').inputValue()).toBe('Mail');
  await page.locator('#mail-subject').fill(`${subject} {{ Name }}`);
  await page.locator('#mail-text').fill('Dear {{ Name }},\n\nit is attached.');
}

test.each(LOOKS)(
  'documents go to their rows, once somebody has seen to whom: $locale, $width px',
  async (look) => {
    const zh = look.locale === 'zh-CN';
    const { page, fine } = await openLook(browser, stack.url, look);
    const subject = zh ? '发票' : 'Invoice';
    const rows = ['Ann & Co;ann@example.org;1234.50', 'Bo;;3', '客户;ke@example.org;98000'];
    await convert(page, 'customers.csv', rows);
    await word(page, subject);

    await page.locator('#mail-try').click();
    await says(page, '#mail-status', zh ? '现在还没有发送' : 'Nothing has been sent yet');
    await says(page, '#mail-status', SENDER);
    const lines = await page.locator('#mail-list tr:has(td)').allInnerTexts();
    expect(lines.map((line) => line.split('\t').map((cell) => cell.trim()))).toEqual([
      ['—', 'Bo.docx', expect.stringContaining(zh ? '没有邮件地址' : 'ADDRESS_MISSING')],
      ['ann@example.org', 'Ann & Co.docx', `${subject} Ann & Co`],
      ['ke@example.org', '客户.docx', `${subject} 客户`],
    ]);
    expect(await arrived(subject)).toEqual([]);
    await fine('mail-listed');

    await page.locator('#mail-send').click();
    await says(
      page,
      '#mail-status',
      zh ? /已发送 2，等待 0，失败 1/ : /2 sent, 0 waiting, 1 failed/,
    );
    const mail = (to: string, name: string, amount: string) => ({
      to,
      from: SENDER,
      subject: `${subject} ${name}`,
      text: `Dear ${name},\n\nit is attached.`,
      attached: { [`${name}.docx`]: [`Dear ${name},`, `you owe ${amount}.`] },
    });
    expect(await arrived(subject)).toEqual([
      mail('ann@example.org', 'Ann & Co', '1234.50'),
      mail('ke@example.org', '客户', '98000'),
    ]);
    expect(await page.locator('#mail-list tr:has(td)').allInnerTexts()).toHaveLength(1);
    await fine('mail-sent');
  },
);

test.each(LOOKS)(
  'a conversion runs by itself, and its documents go out: $locale, $width px',
  async (look) => {
    const zh = look.locale === 'zh-CN';
    const { page, fine } = await openLook(browser, stack.url, look);
    const name = `by-itself-${look.width}.csv`;
    const subject = zh ? '定时' : 'By itself';
    await convert(page, name, ['Ann;ann@example.org;1']);
    await word(page, subject);

    await page.locator('#schedule-part > summary').click();
    await page.locator('#schedule-name').fill(subject);
    await page.locator('#schedule-every').selectOption('workday');
    await page.locator('#schedule-at').fill('07:30');
    expect(await page.locator('#schedule-cron').inputValue()).toBe('30 7 * * MON-FRI');
    await page.locator('#schedule-mail').check();
    await page.locator('#schedule-zone').fill('Nowhere/Here');
    await page.locator('#schedule-save').click();
    await says(page, '#problem', zh ? '没有这个时区' : "no time zone 'Nowhere/Here'");
    await fine('schedule-refused');

    await page.locator('#schedule-zone').fill('Europe/Berlin');
    await page.locator('#schedule-cron').fill('* * * * *');
    await page.locator('#schedule-save').click();
    await says(page, '#schedule-status', name);
    await fine('schedule-saved');
    await expect
      .poll(() => arrived(subject), { timeout: 150_000, interval: 2_000 })
      .toEqual([
        expect.objectContaining({
          to: 'ann@example.org',
          attached: { 'Ann.docx': ['Dear Ann,', 'you owe 1.'] },
        }),
      ]);

    const kept = (kind: string) => page.locator(`[data-kept=${kind}]`);
    await kept('jobs').locator('summary').click();
    await kept('jobs').locator('li').filter({ hasText: subject }).first().waitFor();
    await kept('schedules').locator('summary').click();
    const mine = kept('schedules').locator('li').filter({ hasText: subject });
    await mine.getByRole('button').first().click();
    await mine.filter({ hasText: zh ? '已暂停' : 'Paused' }).waitFor();
    await fine('schedule-paused');
    await mine.getByRole('button').last().click();
    await mine.waitFor({ state: 'detached' });
    expect(await arrived(subject)).toHaveLength(1);
  },
);
