/** Lists that come in pages, whole. */

/** Asks for page after page until there is none, and gathers what `itemsOf` finds in each. */
export async function allPages<Page extends { readonly nextPageToken: string }, Item>(
  pageAfter: (pageToken: string) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
): Promise<Item[]> {
  const items: Item[] = []
  for (let pageToken = ''; ; ) {
    const page = await pageAfter(pageToken)
    for (const item of itemsOf(page)) items.push(item)
    pageToken = page.nextPageToken
    if (pageToken === '') return items
  }
}
