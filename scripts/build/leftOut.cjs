/** Stands in bundles for packages that are loaded and of which nothing is used; bundles.mjs names them, and says why. */
module.exports = {};
