package io.moe4j.api.text;

import io.moe4j.api.Stability;

/**
 * Ids of a text and their places. Id {@code i} is made of the text from {@code starts[i]} to before {@code ends[i]}, in UTF-16 units. For example, the
 * bytes of {@code aé} are the ids 97, 195 and 169; their starts are 0, 1, 1 and their ends 1, 2, 2: each of the last two is a part of the same character. An
 * id that is made of nothing, such as a space that a tokenizer puts before the first word, may have an end that is its start.
 *
 * @param ids the ids
 * @param starts not falling
 * @param ends as many
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
@SuppressWarnings("ArrayRecordComponent") // read at once, and not kept
public record PlacedIds(int[] ids, int[] starts, int[] ends) {

    public PlacedIds {
        if (ids.length != starts.length || ids.length != ends.length) {
            throw new IllegalArgumentException(ids.length + " ids with " + starts.length + " starts and " + ends.length
                    + " ends: there must be as many of each");
        }
    }
}
