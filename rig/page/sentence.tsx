/** A line in words, with what stands between two pairs of stars in bold. */
export function Sentence({ text }: { readonly text: string }) {
  return <>{text.split('**').map((part, index) => (index % 2 === 1 ? <b key={index}>{part}</b> : part))}</>;
}
