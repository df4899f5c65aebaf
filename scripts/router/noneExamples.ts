import type { Random } from '../../src/core/tensor/random.ts';
import type { Labelled, Slots } from './examples.ts';
import { oneHot } from './examples.ts';

const slots: Slots = {
  time: ['7 am', '8 30', 'noon', 'tomorrow at 5', 'ten minutes', 'an hour', '3 pm', 'quarter past six', 'midnight'],
  day: ['monday', 'tuesday', 'next week', 'the weekend', 'the 14th', 'saturday night', 'march third', 'tonight', 'this afternoon'],
  who: ['mom', 'dad', 'my boss', 'sarah', 'the dentist', 'my landlord', 'mike', 'grandma', 'my sister', 'the plumber'],
  item: ['bread', 'toothpaste', 'batteries', 'coffee', 'a new charger', 'dog food', 'onions', 'light bulbs', 'detergent', 'bananas'],
  media: ['the radio', 'some rock music', 'my workout playlist', 'the news', 'a podcast', 'the next song', 'something relaxing', 'an audiobook'],
  device: ['the lights', 'the tv', 'the heating', 'the living room lamp', 'the vacuum', 'the speaker', 'the front door', 'bluetooth'],
  account: ['savings account', 'credit card', 'checking account', 'visa', 'bank account', 'bills', 'electricity bill', 'paycheck'],
  trip: ['paris', 'the airport', 'work', 'the train station', 'new york', 'home', 'the beach', 'denver'],
};

const templates = [
  'set a timer for {time}', 'wake me up at {time}', 'remind me about {who} at {time}', 'put the meeting with {who} on {day}', 'what do i have planned for {day}', 'call {who}', 'text {who} that i will be there at {time}', 'ring {who} back', 'add {item} to the list', 'buy {item}', 'do we have any {item} left', 'take {item} off my list',
  'play {media}', 'stop {media}', 'skip this', 'switch off {device}', 'turn on {device}', 'is {device} on', 'what is my {account} balance', 'pay my {account}', 'freeze my {account}', 'why was my {account} charged', 'move money to my {account}', 'how do i get to {trip}', 'is there traffic to {trip}', 'find a hotel in {trip} for {day}', 'get me a taxi to {trip}',
  'will it rain on {day}', 'is it cold in {trip}', 'what is the forecast for {day}', 'hey', 'hello you', 'good evening', 'good night', 'bye', 'goodbye for now', 'how is it going', 'what is up', 'nice to meet you', 'thank you so much', 'thanks', 'cool', 'ok', 'yes', 'no', 'maybe', 'sure', 'never mind', 'stop it', 'sorry', 'what are you', 'are you real', 'are you a person', 'how old are you', 'where do you live', 'where are you from',
  'do you like music', 'what is your favorite color', 'what can you do', 'can you help me', 'i need help', 'i love you', 'you are great', 'you are wrong', 'that is funny', 'make me laugh', 'sing a song for me', 'tell me a story', 'i feel sad today', 'i am tired', 'i am hungry', 'congratulations', 'merry christmas', 'flip a coin for me', 'pick a number', 'surprise me', 'speak slower please', 'say that again', 'talk louder', 'use a different voice',
  'what time is it', 'what day is it today', 'where am i', 'find my keys', 'i lost my wallet', 'my phone is broken', 'book a haircut for {day}', 'reserve a table for four on {day}', 'cancel the appointment with {who}', 'is the restaurant on main street open', 'order a pizza', 'how do i cook rice', 'what should i eat for dinner', 'find a recipe for {item} soup', 'how many calories are in {item}', 'when should i change my tires', 'my car will not start',
  'schedule the oil change', 'i want a day off on {day}', 'did {who} call', 'read my messages', 'delete my alarms', 'mute', 'pause', 'lower the volume', 'open the garage', 'start {device}', 'how was your day', 'do you have a name', 'who is your boss', 'let us chat', 'i had a long day', 'my luggage is lost', 'has my order shipped', 'return {item} to the store', 'renew my insurance', 'i need a new pin for my {account}', 'raise my credit limit',
];

export const noneExamples = { slots, kinds: [{ source: 'made/errand', templates, count: 900 }] };

/** Keyboard noise, lone signs and invented words: nothing that speaks for an expert. */
export function gibberish(count: number, random: Random): Labelled[] {
  const letter = () => String.fromCharCode(97 + random.integer(0, 25));
  const consonant = () => random.choice([...'bcdfghjklmnpqrstvwxz']);
  const vowel = () => random.choice([...'aeiou']);
  const makers = [
    () => Array.from({ length: random.integer(2, 9) }, letter).join(''),
    () => Array.from({ length: random.integer(1, 3) }, () => consonant() + vowel()).join(''),
    () => random.choice(['asd', 'qwe', 'zxc', 'fgh', 'jkl', 'uio']).repeat(random.integer(1, 3)),
    () => random.choice(['!!', '...', '??', '-', '~', ':)', '#']),
    () => random.choice(['uh', 'um', 'er', 'ah', 'oh', 'la', 'blah', 'huh', 'wow', 'hm', 'eh']),
  ];
  return Array.from({ length: count }, () => ({
    prompt: Array.from({ length: random.integer(1, 6) }, random.choice(makers)).join(' '),
    target: oneHot('none'),
    source: 'made/gibberish',
  }));
}
