package io.moe4j.planted.knowing.base;

/** What both may know. */
public final class Base {}
