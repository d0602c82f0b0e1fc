package io.moe4j.tokenizer.huggingface;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.moe4j.tests.contract.Thoroughness;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A text in pieces has the ids that it has as a whole. Random texts of what is hard for a pre-tokenizer, with every known way to split. */
class CutsTest {
    private static final long SEED = 20261128;
    private static final List<String> PARTS = List.of(" ", " ", " ", "  ", "   ", "\n", "\n", "\r\n", "\t", "\u00A0",
            "\u3000", "\u2028", "a", "be",
            "To", "or", "not", "HELLO", "'s", "'ll", "'", "don't", "1", "23", "4567", "+", "++", "=", "$", ".", ",",
            "...", "(", ")", "/", "//",
            "\u00E9", "e\u0301", "\u0301",
            "\u0416\u0438\u0437\u043D\u044C", "\u4F60\u597D", "\u3042", "\uD55C\uAD6D", "\uD83D\uDE00",
            "\u0661", "\uFB1D", "\u0000", "\u0085", "\u200B", "<|endoftext|>",
            "<think>", "<s>", "</s>", "<", ">", "|", "\u00AD", "\u05D9\u05B4",
            "_", "\\", "\"", "#", "\u00BD", "\u2126", "\u1100\u1161");

    private static final String QWEN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
            + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String GPT_4O = "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
            + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
            + "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
            + "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"
            + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String V3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
            + " ?[\\p{P}\\p{S}]+[\r\n]*"
            + "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";

    @TempDir
    private Path folder;

    static List<String> ways() {
        String bytes = byteLevel(false);
        return List.of(byteLevel(true), sequence(split(QWEN), bytes), sequence(sequence(split(QWEN)), sequence(bytes)),
                sequence(split(QWEN.replace("\\p{N}|", "\\p{N}{1,3}|")), bytes),
                sequence(split(GPT_4O), bytes),
                sequence(split("\\p{N}{1,3}"), split("[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+"), split(V3), bytes),
                sequence(split("[\r\n]"), split("\\s?\\p{L}+"), split("\\s?\\p{P}+"),
                        split("[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+"),
                        "{\"type\":\"Digits\",\"individual_digits\":true}",
                        bytes),
                sequence("{\"type\":\"Digits\",\"individual_digits\":false}", byteLevel(true)),
                "{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"prepend_scheme\":\"first\",\"split\":true}");
    }

    @ParameterizedTest
    @MethodSource("ways")
    void piecesHaveTheIdsOfTheWhole(String way) throws Exception {
        boolean metaspace = way.contains("Metaspace");
        ObjectNode root = json(metaspace ? "unigram" : "byte_bpe");
        root.set("pre_tokenizer", JsonMapper.shared().readTree(way));
        check(root);
        if (!metaspace) {
            root.set("normalizer", JsonMapper.shared().readTree("{\"type\":\"NFC\"}"));
            check(root);
        }
    }

    private void check(ObjectNode root) throws IOException {
        Path path = Files.writeString(folder.resolve("tokenizer.json"), root.toString());
        assertTrue(CutRules.of(root).any(), "this way to split is known");
        Random random = new Random(SEED);
        TokenizersLibrary library = NativeLibrary.load();
        long handle = library.createTokenizerFromString(root.toString());
        try (NativeTokenizer tokenizer = new NativeTokenizer(TokenizerFile.read(path), 0)) {
            for (int i = 0; i < Thoroughness.of(300, 900); i++) {
                // Now and then longer than a block.
                String text = text(random, i % 300 == 0 ? 30_000 : 1 + random.nextInt(40));
                long encoding = library.encode(handle, text, false);
                long[] whole = library.getTokenIds(encoding);
                library.deleteEncoding(encoding);
                assertEquals(Arrays.stream(whole).boxed().toList(), ids(tokenizer, text),
                        () -> "seed " + SEED + ": \"" + text + "\"");
            }
        } finally {
            library.deleteTokenizer(handle);
        }
    }

    @Test
    void pieces() throws Exception {
        Cuts cuts = CutRules.of(json("byte_bpe"));
        assertEquals(List.of("To", " be,", " or", " not.\n\u00E9", " \u00E9", " +", "  +\n\n", "x"),
                pieces(cuts, "To be, or not.\n\u00E9 \u00E9 +  +\n\nx"));
        assertEquals(List.of("a+ + b1", " 2.", " c\n", "d"), pieces(CutRules.of(json("nfc_bpe")), "a+ + b1 2. c\nd"));
    }

    @Test
    void whatIsNotProvedIsNotCut() throws Exception {
        assertTrue(CutRules.of(json("byte_bpe")).any());
        for (String change : List.of("normalizer={\"type\":\"NFKC\"}",
                "pre_tokenizer=" + sequence(split("\\w+|\\s+"), byteLevel(false)),
                "pre_tokenizer=null",
                "pre_tokenizer={\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"use_regex\":true}",
                "pre_tokenizer=" + sequence(byteLevel(false), split(QWEN)),
                "pre_tokenizer=" + sequence(sequence(byteLevel(false)), split(QWEN)),
                "pre_tokenizer=" + split(QWEN).replace("Isolated", "MergedWithNext"),
                "pre_tokenizer=" + split("\\p{N}"), "added_tokens=[{\"id\":0,\"content\":\"<a>\",\"rstrip\":true}]",
                "added_tokens=[{\"id\":0,\"content\":\"a b\"}]")) {
            ObjectNode root = json("byte_bpe");
            String[] parts = change.split("=", 2);
            root.set(parts[0], JsonMapper.shared().readTree(parts[1]));
            assertFalse(CutRules.of(root).any(), change);
        }
        ObjectNode root = json("byte_bpe");
        root.set("added_tokens", JsonMapper.shared().readTree("[{\"id\":0,\"content\":\"<a>\",\"lstrip\":true}]"));
        assertFalse(CutRules.of(root).afterLineFeed());
        assertTrue(CutRules.of(root).any());
    }

    private static List<String> pieces(Cuts cuts, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        List<String> pieces = new ArrayList<>();
        for (int from = 0; from < bytes.length;) {
            int to = cuts.next(bytes, from, bytes.length);
            pieces.add(new String(bytes, from, to - from, StandardCharsets.UTF_8));
            from = to;
        }
        return pieces;
    }

    private static String text(Random random, int parts) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts; i++) {
            text.append(PARTS.get(random.nextInt(PARTS.size())));
        }
        return text.toString();
    }

    private static List<Long> ids(NativeTokenizer tokenizer, String text) throws IOException {
        TextIds ids = (TextIds) tokenizer.tokens(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        List<Long> all = new ArrayList<>();
        int[] some = new int[100];
        for (int read = ids.read(some, 0, 100); read >= 0; read = ids.read(some, 0, 100)) {
            Arrays.stream(some, 0, read).forEach(id -> all.add((long) id));
        }
        return all;
    }

    private static ObjectNode json(String name) throws IOException, URISyntaxException {
        JsonNode root = JsonMapper.shared()
                .readTree(Files.readString(Path.of(CutsTest.class.getResource(name + "/tokenizer.json").toURI())));
        return (ObjectNode) root;
    }

    private static String byteLevel(boolean regex) {
        return "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":" + regex + "}";
    }

    private static String split(String regex) {
        return "{\"type\":\"Split\",\"pattern\":{\"Regex\":" + JsonMapper.shared().writeValueAsString(regex)
                + "},\"behavior\":\"Isolated\",\"invert\":false}";
    }

    private static String sequence(String... parts) {
        return "{\"type\":\"Sequence\",\"pretokenizers\":[" + String.join(",", parts) + "]}";
    }
}
