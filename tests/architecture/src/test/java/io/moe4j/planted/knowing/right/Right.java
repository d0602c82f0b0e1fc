package io.moe4j.planted.knowing.right;

/** A plug-in. */
public final class Right {}
