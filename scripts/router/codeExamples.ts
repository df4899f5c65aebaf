import type { Slots } from './examples.ts';

const slots: Slots = {
  lang: ['Python', 'JavaScript', 'TypeScript', 'Java', 'C++', 'C', 'C#', 'Go', 'Rust', 'Ruby', 'PHP', 'Kotlin', 'Swift', 'Scala', 'Haskell', 'Perl', 'R', 'Lua', 'Node.js', 'Julia'],
  make: ['Write', 'Create', 'Implement', 'Build', 'Develop', 'Generate', 'Give me', 'Show me', 'I need', 'Make', 'Code', 'Can you write', 'Provide'],
  unit: ['a function', 'a method', 'a program', 'code', 'a script', 'a class', 'a one-liner', 'a snippet', 'an algorithm', 'a module', 'a helper', 'some code', 'a small tool'],
  task: [
    'reverse a string', 'sort an array of integers', 'find the largest element of a list', 'remove duplicates from an array', 'check if a string is a palindrome', 'count the words in a file', 'merge two sorted lists',
    'parse a CSV file', 'read a JSON file and print its keys', 'compute the factorial of n', 'print the Fibonacci numbers up to n', 'check whether a number is prime', 'find the gcd of two numbers', 'flatten a nested list',
    'connect to a database', 'send an HTTP request', 'validate a phone number', 'convert Celsius to Fahrenheit', 'find the second smallest number', 'rotate a matrix by 90 degrees', 'group objects by a key', 'debounce a callback',
    'deep clone an object', 'find all anagrams in a list of words', 'calculate the average of a list', 'compute the sum of the digits of a number', 'capitalize every word', 'remove whitespace from a string', 'find a substring',
    'implement a stack with push and pop', 'traverse a binary tree in order', 'find the shortest path in a graph', 'count the occurrences of each character', 'convert a decimal number to binary', 'generate a random password',
    'solve a quadratic equation', 'multiply two matrices', 'find the area of a rectangle', 'compute compound interest', 'list the files of a folder', 'copy files from one folder to another', 'extract the links of a web page',
    'round numbers to two decimals', 'shuffle a deck of cards', 'zip two lists together', 'swap two variables', 'count the even numbers in a list', 'check for balanced brackets', 'find the intersection of two sets',
    'log in a user with a token', 'resize images', 'schedule a job every hour', 'watch a directory for changes', 'format a date', 'split a string at commas', 'search an element with binary search', 'find the median of two arrays',
  ],
  structure: ['linked list', 'binary search tree', 'hash map', 'queue', 'priority queue', 'trie', 'graph', 'heap', 'stack', 'circular buffer', 'matrix', 'tuple', 'dictionary', 'array', 'set', 'singly linked list', 'string'],
  error: ["TypeError: cannot read properties of null", 'KeyError', 'NullPointerException', 'segmentation fault', 'SyntaxError: unexpected token', 'ModuleNotFoundError', 'a stack overflow', 'ReferenceError: x is not defined', 'ValueError: invalid literal for int()', 'an infinite loop', 'a memory leak', 'error TS2322', 'a deadlock', 'a 404 from the API', 'undefined'],
  tech: ['React', 'Vue', 'Django', 'Flask', 'Express', 'Spring Boot', 'pandas', 'NumPy', 'Docker', 'Kubernetes', 'git', 'webpack', 'PostgreSQL', 'MongoDB', 'Redis', 'GraphQL', 'Tailwind', 'PyTorch', 'FastAPI', 'Terraform', 'nginx', 'Makefile', 'Angular', 'Next.js', 'Linux'],
  snippet: [
    'for i in range(10): print(i * 2)', 'const sum = arr.reduce((a, b) => a + b);', 'def add(a, b):\n    return a - b', 'if (x = 5) { return true; }', 'let x = a + b;', 'while True:\n    x += 1', 'SELECT name, COUNT(*) FROM users GROUP BY name;',
    'public int size() { return count; }', 'fn main() { let v = vec![1, 2, 3]; }', 'x = [i**2 for i in nums if i % 2 == 0]', 'map.get(key)?.value ?? 0', 'function f(n) { return n <= 1 ? 1 : n * f(n - 1); }', 'std::vector<int> v; v.push_back(3);',
    'lambda x: x + 1', 'items.filter(x => x.price > 10).map(x => x.name)', 'a, b = b, a + b', 'console.log(typeof null)', 'int *p = malloc(10 * sizeof(int));', '#include <stdio.h>\nint main() { printf("hi"); }', 'git commit --amend', 'i++; j--;', 'return s[::-1]', 'await fetch(url)', 'import os\nprint(os.getcwd())', '<div class="box">hello</div>', 'grep -r "main" . | wc -l',
  ],
  name: ['max_value', 'isValid', 'count_vowels', 'mergeSorted', 'to_roman', 'parseInput', 'find_missing', 'sumDigits', 'is_prime', 'longestWord', 'flatten', 'fizz_buzz', 'remove_duplicates', 'nthTerm', 'computeTotal'],
  doc: ['Return the largest value of the list.', 'Check if the word is valid.', 'Given a string, count its vowels.', 'Return a sorted copy of the input.', 'returns how many days lie between the two dates', 'Find how many times a substring occurs.', 'Return only positive numbers in the list.', 'true if n is a power of two', 'Concatenate list of strings into a single string', 'Filter the given list by prefix.', 'For a given number n, find the largest number that divides n evenly'],
  args: ['numbers', 's', 'n', 'a, b', 'items', 'text', 'xs', 'arr, k', 'words'],
  given: ['Given an array of integers', 'Given a string s', 'Given two strings', 'You are given an integer array nums', 'Given the root of a tree', 'Given an m x n grid', 'Given a list of intervals', 'You are given the head of a linked list', 'Given a sorted array', 'Given a positive integer n'],
  want: ['return the length of the longest substring without repeating characters', 'return the maximum profit', 'return the k most frequent elements', 'return true if it can be split into two equal halves', 'merge all that overlap', 'return its depth', 'return the number of islands', 'remove the nth node from the end', 'return the minimum number of operations', 'move all zeroes to the end in place', 'return all permutations', 'determine if one is a subsequence of the other'],
  quality: ['faster', 'more readable', 'shorter', 'thread safe', 'recursive', 'iterative', 'type safe', 'asynchronous', 'testable'],
  query: ['all users older than 30', 'the average salary per department', 'the ten most sold products', 'customers without orders', 'duplicate rows', 'the second highest salary', 'orders placed last month'],
};

const requests = [
  '{make} {unit} in {lang} to {task}', '{make} {lang} code to {task}.', '{make} {unit} to {task}.', '{make} {unit} that can {task}', 'Write a {lang} function to {task}.', 'write a function to {task}', 'Write a python function to {task}.',
  'Write a function that can {task}', 'write {lang} code that will {task}', 'How do I {task} in {lang}?', 'how to {task} using {lang}', 'How can I {task} with {lang}?', 'In {lang}, how would you {task}?', '{lang} program to {task}', '{task} in {lang}', '{lang}: {task}',
  'I want to {task} in {lang}. Show me how.', 'What is the best way to {task} in {lang}?', 'Write a {lang} class that implements a {structure}.', 'Implement a {structure} in {lang}', 'implement a {structure} with insert and delete', 'Design a {structure} that supports search in O(log n).',
  'Write a unit test for a function that should {task}', 'Write tests for {name}', 'Write a SQL query to find {query}.', 'sql select {query}', 'Write a query that returns {query}', '{make} a regex that matches dates', 'regular expression for a url', 'regex to match a hex color',
  '{make} a {tech} component that shows a list', 'Set up {tech} for a new project', 'How do I install {tech}?', 'write a {tech} config file', 'Create a REST API endpoint with {tech}', 'add a login form in {tech}', 'shell script to {task}', 'bash command to find large files', 'Create an HTML page with a form and some CSS.',
  '{given}, {want}.', '{given}, {want}. You must do it in O(n) time.', '{given} and a target, {want}.', 'Write a function which takes a {structure} and returns a {structure}.', 'Write a function to convert a {structure} to a {structure}.', 'Write a function to check if the given {structure} is empty or not.',
  'Write a function to find the {d}th element of a {structure}.', 'write a function that accepts a {structure} and an integer', 'Write a function to find the sum of the elements of the given {structure}.', 'Write a python function to find the number of ways to {task}.', 'make a simple web server', 'write me a program', 'code a calculator app', 'build a todo app',
];

const questions = [
  'Why do I get {error} in {lang}?', 'I get {error} when I run my {lang} program. What is wrong?', 'how to fix {error}', 'My code throws {error}, help me debug it', 'Find the bug: {snippet}', 'What does this code do? {snippet}', 'Explain this code:\n```\n{snippet}\n```',
  'Explain the following {lang} code line by line: {snippet}', 'Why does this not work: {snippet}', 'What is the output of {snippet}', 'Refactor this to be {quality}: {snippet}', 'Rewrite this in {lang}: {snippet}', 'Make this function {quality}: {snippet}', 'Optimize this code. {snippet}', 'Add comments to this code: {snippet}',
  'What is the time complexity of {snippet}', 'Convert this {lang} code to {lang}.', 'translate the function from {lang} to {lang}', 'What is the difference between let and const in JavaScript?', 'What is a closure in {lang}?', 'How does async work in {lang}?', 'When should I use a {structure} instead of a {structure} in {lang}?', 'what is the big O of inserting into a {structure}',
  'How do I undo the last commit in git?', 'How do I use generics in {lang}?', 'What does the static keyword mean in {lang}?', 'Explain pointers in {lang}', 'how do i declare an array in {lang}', 'What are decorators in {lang}?', 'Why is my {tech} build failing?', 'how to deploy {tech} to a server', 'Review my pull request: {snippet}',
  'Document the function {name}', 'rename the variable in {name} and extract a helper', 'Fix {name} so that it handles empty input.', 'Refactor {name} to be {quality}.', 'my loop never ends, what is wrong with it', 'the compiler says {error}', 'my unit tests fail with {error}', 'How do I catch an exception in {lang}?', 'merge conflict in my branch, how do i resolve it', 'why is my function returning {error}',
];

const snippets = [
  'def {name}({args}):\n    """{doc}"""\n', 'def {name}({args}: List[int]) -> int:\n    """ {doc}\n    >>> {name}([1, 2, 3])\n    3\n    """\n', 'from typing import List\n\ndef {name}({args}) -> bool:\n    """{doc}\n    """\n', 'function {name}({args}) {\n  // {doc}\n', '/**\n * {doc}\n * > {name}(3)\n * 6\n */\nfunction {name}({args}) {\n',
  '/**\n * * Write a function to {task}.\n *\n * > {name}([1, 2], 2)\n * 8\n */\nfunction {name}({args}) {\n', 'fn {name}({args}: &[i32]) -> i32 {\n    // {doc}', 'public static int {name}(int[] {args}) {\n    // {doc}\n', 'Complete the function:\ndef {name}({args}):', 'Complete this code. {doc}\nfunction {name}({args}) {', 'func {name}({args} []int) int {\n\t// {doc}\n', 'bool {name}(string {args}) { // {doc}', 'const {name} = ({args}) => {', '{snippet}', 'import math\n\ndef {name}({args}):\n    """{doc}"""', 'Write a function to {task}. Your code should pass these tests: assert {name}([{d}, {d}]) == {d}', 'from typing import List, Tuple\n\n\ndef {name}({args}: List[int]) -> Tuple[int, int]:\n    """ {doc}\n    >>> {name}([{d}, {d}, -{d}, {#}])\n    ({d}, {#})\n    >>> {name}([])\n    (0, 1)\n    """\n', 'def {name}({args}: float) -> float:\n    """ {doc}\n    For example {name}({d}.5) is {#}.\n    """\n',
  '{given}, {want}. Example: Input: nums = [{d}, {#}, {d}, {d}], k = {d} Output: {d}', 'assert {name}([{d}, {#}, {d}]) == {d}\nassert {name}([{#}]) == {#}',
  'class {lang}Parser:\n    def {name}(self, {args}):\n        """{doc}"""', 'template <typename T> T {name}(T {args}) {',
];

export const codeExamples = {
  slots,
  kinds: [
    { source: 'made/codeRequest', templates: requests, count: 1500 },
    { source: 'made/codeQuestion', templates: questions, count: 700 },
    { source: 'made/snippet', templates: snippets, count: 400 },
  ],
};
