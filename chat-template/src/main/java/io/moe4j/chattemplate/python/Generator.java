package io.moe4j.chattemplate.python;

import java.util.Iterator;

/**
 * Items that are computed lazily, once: the result of filters such as {@code map} and {@code select}.
 *
 * @param items the remaining items
 */
public record Generator(Iterator<Object> items) {}
