// The difference of two sentences, word by word.

const words = (text) => text.match(/\s+|[\w'’-]+|[^\w\s]/g) ?? [];

/**
 * The longest common subsequence of words, and what was put in and taken out around it.
 *
 * @returns {{how: "same"|"out"|"in", text: string}[]}
 */
export function difference(before, after) {
  const [a, b] = [words(before), words(after)];
  const length = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
    }
  }
  const parts = [];
  const put = (how, text) => {
    const last = parts.at(-1);
    if (last?.how === how) last.text += text;
    else parts.push({ how, text });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      put("same", a[i++]);
      j++;
    } else if (i < a.length && (j === b.length || length[i + 1][j] >= length[i][j + 1])) put("out", a[i++]);
    else put("in", b[j++]);
  }
  return parts;
}
