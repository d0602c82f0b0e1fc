package io.moe4j.chattemplate.python;

import java.util.List;

/**
 * What {@code keys()}, {@code values()} and {@code items()} of a dict return: it can be iterated, and has a size, but no item at an index.
 *
 * @param kind {@code dict_keys}, {@code dict_values} or {@code dict_items}
 */
public record View(String kind, List<Object> items) {}
