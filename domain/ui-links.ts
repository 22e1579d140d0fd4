/**
 * Links into the Temporal web UI, from a page that the web UI shows itself: without a host, because a workflow does not
 * know where its UI is. `unitrail links` prints those with one.
 */
export function workflowList(namespace: string, conditions: Readonly<Record<string, string>>): string {
  const query = Object.entries(conditions)
    .map(([attribute, value]) => `${attribute}="${value.replace(/["\\]/g, '\\$&')}"`)
    .join(' AND ');
  return `/namespaces/${encodeURIComponent(namespace)}/workflows?query=${encodedForMarkdown(query)}`;
}

export function workflowPage(namespace: string, workflowId: string): string {
  return `/namespaces/${encodeURIComponent(namespace)}/workflows/${encodedForMarkdown(workflowId)}`;
}

/** A bracket would end the link. */
function encodedForMarkdown(text: string): string {
  return encodeURIComponent(text).replace(
    /[()'!*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
