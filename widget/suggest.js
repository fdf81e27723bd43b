// Finds questions that resemble what is typed, misspelt or not.

const plain = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");
const words = (text) => plain(text).match(/[a-z0-9]+/g) ?? [];

// Edits (insert, delete, replace, swap neighbours) between `typed` and the best beginning of `word`; `most` + 1 when more.
export function edits(typed, word, most) {
  let before;
  let row = Array.from({ length: word.length + 1 }, (_, at) => at);
  for (let i = 1; i <= typed.length; i++) {
    const next = [i];
    for (let j = 1; j <= word.length; j++) {
      const same = typed[i - 1] === word[j - 1];
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + !same);
      if (i > 1 && j > 1 && typed[i - 1] === word[j - 2] && typed[i - 2] === word[j - 1]) {
        next[j] = Math.min(next[j], before[j - 2] + 1);
      }
    }
    if (Math.min(...next) > most) return most + 1;
    before = row;
    row = next;
  }
  return Math.min(...row);
}

function likeness(typed, word) {
  if (word.startsWith(typed)) return typed === word ? 1 : 0.9;
  const most = typed.length < 4 ? 0 : typed.length < 7 ? 1 : 2;
  if (!most) return 0;
  const found = edits(typed, word, most);
  return found > most ? 0 : 0.8 - 0.2 * found;
}

// Words that say nothing about what is asked.
const COMMON = new Set("wat is de het een ik je van in voor met en of zijn hoe kan waar mijn te doet welke".split(" "));

export function makeIndex(questions) {
  return questions.map((question) => ({ question, words: words(question) }));
}

// The best questions, best first.
export function suggest(index, text, most = 4) {
  const typed = words(text);
  const telling = typed.filter((word) => !COMMON.has(word) && word.length > 2);
  if (!telling.length) return [];
  return index
    .map(({ question, words: own }) => {
      const score = (word) => Math.max(0, ...own.map((other) => likeness(word, other)));
      const scores = telling.map(score);
      const common = typed.filter((word) => COMMON.has(word) && own.includes(word)).length;
      const total = scores.reduce((sum, value) => sum + value, 0) / telling.length;
      return { question, rank: total + common * 0.02 - own.length * 0.002, total };
    })
    .filter(({ total }) => total >= 0.55)
    .sort((a, b) => b.rank - a.rank)
    .slice(0, most)
    .map(({ question }) => question);
}
