package io.moe4j.planted.unlabelled;

/** Cannot be seen from outside. */
final class InnocentInside {}
