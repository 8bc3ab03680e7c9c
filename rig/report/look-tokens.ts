/**
 * The colours of the live page and of every report, light and dark, as custom properties: the same figures on both. Blue is
 * work and focus, red the pull and failures, green recovery; each has a shape or a word beside it where it is used.
 */

const light = `--bg: #ffffff; --sunk: #f6f7f9; --line: #e3e6ea; --line2: #c9cfd7; --ink: #15181d; --ink2: #4a5260; --ink3: #656e7b; --accent: #2559d0; --accent-wash: #edf2fd; --red: #c0271c; --red-wash: #fdf0ee; --red-line: #f0b5af; --green: #0a7350; --green-wash: #e8f5ef; --waiting: #cdd3db; --succeeded: #8a93a0; --s1: #d3e0fa; --s2: #a9c5f6; --s3: #739fee; --s4: #4479de; --s5: #2559d0; --s6: #183f9c; --on: #ffffff;`;
const dark = `--bg: #0f1115; --sunk: #16191f; --line: #262b33; --line2: #3b424d; --ink: #e9ebee; --ink2: #b0b7c1; --ink3: #8b94a1; --accent: #85abff; --accent-wash: #1a2338; --red: #ff8275; --red-wash: #2e1a19; --red-line: #6e302b; --green: #45cf9c; --green-wash: #12281f; --waiting: #39404b; --succeeded: #5c6572; --s1: #1d2d4f; --s2: #274684; --s3: #3564bd; --s4: #4f86ee; --s5: #85abff; --s6: #b9d0ff; --on: #0f1115;`;

export const lookTokens = `:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
@media print { :root { color-scheme: light; ${light} } }`;
