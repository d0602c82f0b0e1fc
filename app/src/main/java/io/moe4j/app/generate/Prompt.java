package io.moe4j.app.generate;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.util.ArrayList;
import java.util.List;

/** A text, or ids of tokens, to continue. */
public sealed interface Prompt {

    /** A text. */
    record Text(String text) implements Prompt {}

    /** Ids, at least one. */
    record Ids(List<Integer> ids) implements Prompt {

        public Ids {
            ids = List.copyOf(ids);
        }

        /** Reads numbers with commas or spaces between them, such as {@code 5,17,2}. */
        public static Ids parse(String numbers) {
            List<Integer> ids = new ArrayList<>();
            for (String number : numbers.strip().split("\\s*,\\s*|\\s+", -1)) {
                if (!number.matches("[0-9]{1,10}") || Long.parseLong(number) > Integer.MAX_VALUE) {
                    throw new InputException("--prompt-ids \"" + Shown.of(numbers) + "\": \"" + Shown.of(number)
                            + "\" is no id; give whole numbers with commas between them, such as 5,17,2");
                }
                ids.add(Integer.parseInt(number));
            }
            return new Ids(ids);
        }
    }
}
