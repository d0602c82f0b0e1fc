package io.moe4j.api.text;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Turns text into ids. Stateless; may be used by several threads.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Tokenizer extends AutoCloseable {

    /** Ids are in [0, vocabulary). */
    int vocabulary();

    /** The id that ends a document. */
    int endToken();

    /** The ids of a text in UTF-8, which is read lazily. The caller closes {@code text}. Several texts may be open at the same time, also in one thread. */
    Tokens tokens(InputStream text);

    /**
     * The ids of a text, the same as from {@link #tokens}, with the place of each in the text; empty if this tokenizer does not know the places. The whole text
     * is in memory.
     *
     * @since 0.3.0
     */
    default Optional<PlacedIds> placed(String text) {
        return Optional.empty();
    }

    /**
     * Identifies its behaviour: two tokenizers with the same identity have the same ids for every text, and the same end token. It is compared between
     * the ranks of a run, and between a folder of tokenized text and the run that reads it. It must not depend on paths, on the machine, or on the version of
     * a library as long as the ids are the same.
     *
     * @return at most 200 printable characters, such as {@code bytes} or {@code huggingface, SHA-256 5d41…, end 2}
     */
    default String identity() {
        return getClass().getName() + ", " + vocabulary() + " ids, end " + endToken();
    }

    /**
     * The files from which it was read; the first is the one from which a provider opens it. Copied into one folder, they make the same tokenizer. Empty if it
     * was not read from files.
     */
    default List<Path> files() {
        return List.of();
    }

    /**
     * Whether an id is a special token, such as {@code <|im_end|>}, and not text for people.
     *
     * @since 0.3.0
     */
    default boolean isSpecial(int id) {
        return id == endToken();
    }

    /** A new decoder, which converts ids to text one after another; empty if this tokenizer cannot do that. */
    default Optional<Decoder> decoder() {
        return Optional.empty();
    }

    /** Releases the tokenizer's resources. No text may be read afterwards. */
    @Override
    default void close() {}

    /** Ids of one text. */
    interface Tokens {

        /**
         * Reads some ids.
         *
         * @param target array for the ids
         * @param from index of the first id in the array
         * @param count the most ids to read, at least 1
         * @return number of ids read, at least 1; or -1 at the end of the text
         */
        int read(int[] target, int from, int count) throws IOException;
    }

    /**
     * Converts a stream of ids to text. For use by one thread. An id may be a part of a character: the character {@code é} is the bytes C3 and A9, for which
     * the byte tokenizer has the ids 195 and 169. {@code next(195)} then returns an empty string, and {@code next(169)} returns {@code é}.
     */
    interface Decoder {

        /**
         * The text that became complete with an id. May be empty.
         *
         * @param id in [0, vocabulary)
         * @throws IllegalArgumentException for another id
         */
        String next(int id);

        /** The remaining text, with U+FFFD for an incomplete character. Afterwards the decoder is in its initial state. */
        String end();
    }
}
