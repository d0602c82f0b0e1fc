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
     * The ids of a text, as {@link #tokens} gives them, and where in the text each stands; empty if this tokenizer cannot tell. The whole text is in memory.
     *
     * @since 0.3.0
     */
    default Optional<PlacedIds> placed(String text) {
        return Optional.empty();
    }

    /**
     * Identifies what it does: two tokenizers with the same identity have the same ids for every text, and the same end token. It is compared between
     * the ranks of a run, and between a folder of tokenized text and the run that reads it. It does not depend on paths, on the machine, or on the
     * version of a library that gives the same ids.
     *
     * @return at most 200 printable characters, such as {@code bytes} or {@code huggingface, SHA-256 5d41…, end 2}
     */
    default String identity() {
        return getClass().getName() + ", " + vocabulary() + " ids, end " + endToken();
    }

    /**
     * The files that it is made of, the one that a provider opens it from first. Copied into one folder, they make the same tokenizer. Empty if it is not
     * read from files.
     */
    default List<Path> files() {
        return List.of();
    }

    /**
     * Whether an id is a mark, such as {@code <|im_end|>}, and no text for people.
     *
     * @since 0.3.0
     */
    default boolean isSpecial(int id) {
        return id == endToken();
    }

    /** Turns ids into text, one after another, with a new decoder at each call; empty if this tokenizer cannot do that. */
    default Optional<Decoder> decoder() {
        return Optional.empty();
    }

    /** Releases what the tokenizer holds. No text may be read then. */
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
     * Text of a stream of ids. For use by one thread. An id may be a part of a character: the character {@code é} is the bytes C3 and A9, which the
     * tokenizer of bytes has as the ids 195 and 169. {@code next(195)} then returns an empty string, and {@code next(169)} returns {@code é}.
     */
    interface Decoder {

        /**
         * The text that became complete with an id. May be empty.
         *
         * @param id in [0, vocabulary)
         * @throws IllegalArgumentException for another id
         */
        String next(int id);

        /** The text that was held back, with U+FFFD for an incomplete character. The decoder is then as new. */
        String end();
    }
}
