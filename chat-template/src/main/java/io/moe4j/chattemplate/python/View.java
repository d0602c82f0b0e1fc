package io.moe4j.chattemplate.python;

import java.util.List;

/**
 * The result of {@code keys()}, {@code values()} and {@code items()} of a dict: it can be iterated and has a size, but cannot be indexed.
 *
 * @param kind {@code dict_keys}, {@code dict_values} or {@code dict_items}
 */
public record View(String kind, List<Object> items) {}
