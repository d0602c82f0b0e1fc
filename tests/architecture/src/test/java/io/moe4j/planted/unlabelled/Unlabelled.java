package io.moe4j.planted.unlabelled;

/** Promises nothing, not even that it may change. */
public final class Unlabelled {}
