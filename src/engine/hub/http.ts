/** What of undici is used, so that a bundle can leave it unread until something is downloaded. */
export { Agent, EnvHttpProxyAgent, fetch } from 'undici';
