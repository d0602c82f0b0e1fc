package io.moe4j.api.text;

import io.moe4j.api.Stability;

/**
 * Ids of a text and their places. Id {@code i} stands for the text from {@code starts[i]} (inclusive) to {@code ends[i]} (exclusive), in UTF-16 units. For
 * example, the bytes of {@code aé} are the ids 97, 195 and 169; their starts are 0, 1, 1 and their ends 1, 2, 2: each of the last two is a part of the same
 * character. For an id without text, such as a space that a tokenizer adds before the first word, the end may equal the start.
 *
 * @param ids the ids
 * @param starts the start of each id, in ascending order; equal starts are allowed
 * @param ends the end of each id
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
