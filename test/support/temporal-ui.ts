/**
 * Temporal's web UI in a real browser, in the words of who uses it. What a button, a tab or a field is called is said
 * here and nowhere else. Nothing here sleeps: each act waits for what it leads to.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { newPage, openBrowser } from './chromium';
import { patienceMs, until } from './line-units';

const artefacts = join(__dirname, '..', '..', 'test-artefacts', 'browser');

export type Update = 'retryStep' | 'rework' | 'scrap';

export class TemporalUi {
  private constructor(
    private readonly page: Page,
    private readonly namespacePage: string,
    readonly close: () => Promise<void>,
  ) {}

  static async open(namespace: string): Promise<TemporalUi> {
    const opened = await openBrowser();
    const page = await newPage(opened);
    page.setDefaultTimeout(patienceMs);
    const ui = process.env.UNITRAIL_TEST_TEMPORAL_UI!;
    return new TemporalUi(page, `${ui}/namespaces/${namespace}`, opened.close);
  }

  /** Kept for people to look at, in a folder that git ignores. */
  async screenshot(name: string): Promise<void> {
    await mkdir(artefacts, { recursive: true });
    await this.page.screenshot({ path: join(artefacts, `${name}.png`) });
  }

  // --- lists

  /** The ids of the runs that the link's list shows. */
  async listed(url: string): Promise<string[]> {
    await this.page.goto(url);
    const rows = this.page.getByRole('table', { name: 'Workflows' }).getByRole('link', { name: /^[a-z]+:/ });
    await rows
      .first()
      .or(this.page.getByRole('heading', { name: 'No Workflows Found' }))
      .waitFor();
    return rows.allInnerTexts();
  }

  /** The list comes a little later than what it tells of: looked at again until it is so, or for long enough. */
  async listedOnce(url: string, expected: readonly string[]): Promise<string[]> {
    const wanted = [...expected].sort().join();
    let seen: string[] = [];
    await until(async () => (seen = (await this.listed(url)).sort()).join() === wanted);
    return seen;
  }

  /** From the list that is open to one of its runs. */
  async follow(workflowId: string): Promise<void> {
    await this.page.getByRole('link', { name: workflowId, exact: true }).click();
    await this.page.getByRole('heading', { name: workflowId, level: 1 }).waitFor();
  }

  // --- one run

  async openRun(workflowId: string): Promise<void> {
    await this.page.goto(`${this.namespacePage}/workflows/${encodeURIComponent(workflowId)}`);
    await this.page.getByRole('heading', { name: workflowId, level: 1 }).waitFor();
  }

  /** `Running`, `Completed`, `Failed`, once it says so. */
  async showsStatus(status: string): Promise<void> {
    const shown = this.page.locator('main').getByText(status, { exact: true }).filter({ visible: true });
    await shown.first().waitFor();
  }

  /** What stands in the box "Result": of a run that failed, why. Until the page has read its last event it says null. */
  async resultShown(): Promise<string> {
    await this.page.getByRole('tab', { name: 'Timeline' }).click();
    const result = '//h3[normalize-space()="Result"]/following::*[@role="textbox"][1]';
    const text = this.page
      .locator(`xpath=${result}`)
      .filter({ hasText: /\S/ })
      .filter({ hasNotText: /^\s*null\s*$/ });
    await text.waitFor();
    return text.innerText();
  }

  // --- its details

  /** What the run says of itself at this moment, as text. */
  async details(): Promise<string> {
    await this.page.getByRole('tab', { name: 'User Metadata' }).click();
    await this.currentDetails().locator('body').filter({ hasText: /\S/ }).waitFor();
    return this.currentDetails().locator('body').innerText();
  }

  /** The details once they fit: R fetches them again, as the page itself advises. */
  async detailsOnce(fitting: RegExp): Promise<string> {
    let text = await this.details();
    const looksSo = async (): Promise<boolean> => {
      await this.page.keyboard.press('r');
      text = await this.details();
      return fitting.test(text);
    };
    if (fitting.test(text) || (await until(looksSo))) return text;
    throw new Error(`the details never came to ${fitting}; they say:\n${text}`);
  }

  /** The JSON that the details offer for this update, to be pasted. */
  async offeredJson(update: Update): Promise<Record<string, unknown>> {
    const name = `//*[normalize-space()="${update}"]`;
    const json = `${name}/following::code[starts-with(normalize-space(), "{")][1]`;
    return JSON.parse(await this.currentDetails().locator(`xpath=${json}`).first().innerText());
  }

  private currentDetails(): FrameLocator {
    const frame = '//h3[normalize-space()="Current Details"]/following::iframe[1]';
    return this.page.frameLocator(`xpath=${frame}`);
  }

  // --- its updates

  /** Sends an update by the form; without JSON its box stays empty. */
  async send(update: Update, json?: object): Promise<void> {
    const form = await this.fillUpdate(update, json);
    await form.getByRole('button', { name: 'Submit' }).click();
    // It stays open where the update is refused.
    await form.waitFor({ state: 'hidden' });
    await this.page.getByRole('log').getByText('Update successful').first().waitFor();
  }

  /** Sends one that is refused, and reads what the form says about it. */
  async sendInVain(update: Update, json?: object): Promise<string> {
    const form = await this.fillUpdate(update, json);
    await form.getByRole('button', { name: 'Submit' }).click();
    const refusal = await form.getByRole('alert').getByRole('paragraph').innerText();
    await this.screenshot(`refused-${update}`);
    await form.getByRole('button', { name: 'Cancel' }).last().click();
    return refusal;
  }

  private async fillUpdate(update: Update, json?: object): Promise<Locator> {
    await this.page.getByRole('button', { name: 'More Actions' }).click();
    await this.page.getByRole('menuitem', { name: 'Send an Update' }).click();
    const form = this.page.getByRole('dialog', { name: 'Send an Update' });
    await form.getByRole('button', { name: 'Select an Update' }).click();
    await form.getByRole('option', { name: new RegExp(`^${update}`) }).click();
    if (json) await fillJson(form, json);
    await this.screenshot(`form-${update}`);
    return form;
  }

  // --- the Start Workflow form

  /** Starts a run by the form that the link opens, and goes to its page. */
  async startByForm(url: string, { id, json }: { id: string; json: object }): Promise<void> {
    await this.openStartForm(url);
    await this.page.getByRole('textbox', { name: 'Workflow ID' }).fill(id);
    await fillJson(this.page.locator('main'), json);
    await this.screenshot('start-form');
    await this.page.getByRole('button', { name: 'Start Workflow', exact: true }).click();
    await this.page.getByRole('log').getByText('Workflow started').waitFor();
    await this.openRun(id);
  }

  /** The form fills in what the last run of this type was given, and would overwrite what is typed before. */
  private async openStartForm(url: string): Promise<void> {
    const lastRun = this.page.waitForResponse(
      (response) => /\/workflows\?.*WorkflowType.*pageSize=1$/.test(response.url()),
      { timeout: patienceMs },
    );
    await this.page.goto(url);
    const { executions } = (await (await lastRun).json()) as { executions?: unknown[] };
    if (!executions?.length) return;
    await this.page.locator('main .cm-content').first().filter({ hasText: /\S/ }).waitFor();
  }
}

/**
 * As pasted, and the box left by the keyboard: then it sets the JSON out in lines, which moves all that is below it. A
 * click that leaves the box misses what it was meant for, of people too.
 */
async function fillJson(form: Locator, json: object): Promise<void> {
  const box = form.locator('.cm-content').first();
  await box.fill(JSON.stringify(json));
  await box.blur();
}
