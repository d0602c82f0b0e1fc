package io.moe4j.trainer.data;

import io.moe4j.api.Stability;
import java.util.Arrays;

/**
 * Where reading stands: the same for all ranks. With the same data, seed, sequence length and tokenizer it leads to the same sequences.
 *
 * @param epoch from 0
 * @param block from 0 within the epoch; -1 before the first
 * @param begunSources sources that were begun before the block
 * @param tokensOfSource tokens of the last of them that lie before the block
 * @param nextInBlock sequences of the block that were taken
 */
@Stability(Stability.Level.EVOLVING)
public record DataPosition(long epoch, long block, int begunSources, long tokensOfSource, int nextInBlock) {

    /** As one line of text. */
    public String encoded() {
        return epoch + " " + block + " " + begunSources + " " + tokensOfSource + " " + nextInBlock;
    }

    /**
     * Reads what {@link #encoded()} wrote.
     *
     * @throws IllegalArgumentException if it did not write that
     */
    public static DataPosition parse(String encoded) {
        try {
            long[] parts = Arrays.stream(encoded.strip().split(" ")).mapToLong(Long::parseLong).toArray();
            if (parts.length == 5) {
                return new DataPosition(parts[0], parts[1], Math.toIntExact(parts[2]), parts[3],
                        Math.toIntExact(parts[4]));
            }
        } catch (NumberFormatException | ArithmeticException e) {
            throw new IllegalArgumentException("\"" + encoded + "\" is no position in data: five numbers are needed",
                    e);
        }
        throw new IllegalArgumentException("\"" + encoded + "\" is no position in data: five numbers are needed");
    }
}
