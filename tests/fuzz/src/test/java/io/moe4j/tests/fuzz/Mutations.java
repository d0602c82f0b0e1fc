package io.moe4j.tests.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Makes damaged inputs from whole ones, each by a few changes: of kinds that occur when files are damaged, and of kinds that break readers. */
final class Mutations {
    private final RandomGenerator random;
    private final List<byte[]> corpus;
    private final List<String> words;

    /**
     * Mutations of a corpus.
     *
     * @param words texts to insert: those that have a meaning in the format, and values at the limits of ranges
     */
    Mutations(RandomGenerator random, List<byte[]> corpus, List<String> words) {
        this.random = random;
        this.corpus = corpus;
        this.words = words;
    }

    byte[] next() {
        byte[] input = any();
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            input = change(input);
        }
        return input;
    }

    private byte[] change(byte[] input) {
        int from = random.nextInt(input.length + 1);
        int to = Math.min(input.length, from + random.nextInt(1 + (random.nextInt(4) == 0 ? input.length : 16)));
        return switch (random.nextInt(9)) {
            case 0 -> flipped(input);
            case 1 -> Arrays.copyOf(input, from);
            case 2 -> joined(Arrays.copyOf(input, from), tail(input, to));
            case 3 -> joined(Arrays.copyOf(input, to), Arrays.copyOfRange(input, from, to), tail(input, to));
            case 4 -> joined(Arrays.copyOf(input, from), word(), tail(input, from));
            case 5 -> joined(Arrays.copyOf(input, from), word(), tail(input, to));
            case 6 -> withOtherNumber(input);
            case 7 -> joined(Arrays.copyOf(input, from), tail(any(), random.nextInt(64)));
            default -> joined(Arrays.copyOf(input, from), repeated(word(), 1 << random.nextInt(12)), tail(input, to));
        };
    }

    /** Replaces a number of the text, because readers compare, multiply and allocate by numbers. */
    private byte[] withOtherNumber(byte[] input) {
        String text = new String(input, StandardCharsets.ISO_8859_1);
        List<java.util.regex.MatchResult> numbers = java.util.regex.Pattern.compile("\\d+").matcher(text).results()
                .toList();
        if (numbers.isEmpty()) {
            return flipped(input);
        }
        var number = numbers.get(random.nextInt(numbers.size()));
        String other = switch (random.nextInt(6)) {
            case 0 -> "-" + number.group();
            case 1 -> "9223372036854775807";
            case 2 -> "2147483648";
            case 3 -> "0";
            case 4 -> "1e400";
            default -> Long.toString(random.nextLong() >>> random.nextInt(64));
        };
        return (text.substring(0, number.start()) + other + text.substring(number.end()))
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private byte[] flipped(byte[] input) {
        byte[] copy = input.clone();
        if (copy.length > 0) {
            copy[random.nextInt(copy.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return copy;
    }

    private byte[] any() {
        return corpus.get(random.nextInt(corpus.size()));
    }

    private byte[] word() {
        return words.get(random.nextInt(words.size())).getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] tail(byte[] input, int from) {
        return Arrays.copyOfRange(input, Math.min(from, input.length), input.length);
    }

    private static byte[] repeated(byte[] word, int times) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < times; i++) {
            all.writeBytes(word);
        }
        return all.toByteArray();
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
