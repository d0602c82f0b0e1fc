package io.moe4j.chattemplate.python;

import java.util.Iterator;

/**
 * Items that are computed when they are asked for, once: what filters such as {@code map} and {@code select} return.
 *
 * @param items those that are left
 */
public record Generator(Iterator<Object> items) {}
