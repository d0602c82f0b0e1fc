package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.text.PlacedIds;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerProvider;
import io.moe4j.api.text.TokenizerSource;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The contract of tokenizers: the same ids for the same text, however the text arrives, however many ids are requested at once, and whichever thread calls;
 * all ids in the vocabulary; and text that can be decoded id by id.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class TokenizerContract {
    private static final int THREADS = 4;
    private Tokenizer tokenizer;

    /** For subclasses. */
    protected TokenizerContract() {}

    /** The provider. */
    protected abstract TokenizerProvider provider();

    /** The source that it opens. */
    protected abstract TokenizerSource source();

    /**
     * Whether decoding the ids of a text gives the text unchanged. Override it to return false for a tokenizer that normalizes text, or has an unknown token.
     */
    protected boolean keepsText() {
        return true;
    }

    /** Texts to try it on. */
    protected List<String> texts() {
        return List.of("", "a", " ", "To be, or not to be.", "two  spaces\n\nand\tlines\r\n", "caf\u00E9 cafe\u0301",
                "\u4F60\u597D\uFF0C\u4E16\u754C", "\uD83D\uDE00 \uD83D\uDC69\u200D\uD83D\uDCBB", "\u0000", "1,234.5",
                "<|endoftext|> </s>",
                TokenizerTexts.longText());
    }

    /**
     * A token, as it is written in the vocabulary, that may end a document instead of the usual one; empty if there is no choice.
     *
     * @since 0.3.0
     */
    protected Optional<String> otherEndToken() {
        return Optional.empty();
    }

    /** Opens it. */
    @BeforeEach
    public void open() {
        tokenizer = provider().open(source());
    }

    /** Closes it. */
    @AfterEach
    public void close() {
        tokenizer.close();
    }

    /** Id, version and probe are those of a well-behaved provider. */
    @Test
    public void providerIsWellBehaved() {
        ProviderChecks.isWellBehaved(provider(), TokenizerProvider.SPI_VERSION);
        source().path().ifPresent(path -> assertTrue(provider().reads(path), "reads " + path));
    }

    /** All ids, and the one that ends a document, are in the vocabulary. */
    @Test
    public void idsAreInTheVocabulary() throws IOException {
        assertTrue(tokenizer.vocabulary() > 0, "size of the vocabulary");
        assertInVocabulary(tokenizer.endToken(), "end of a document");
        for (String text : texts()) {
            for (int id : ids(text)) {
                assertInVocabulary(id, text);
            }
        }
        byte[] noText = {'a', (byte) 0xFF, (byte) 0xC3, ' ', (byte) 0xED, (byte) 0xA0, (byte) 0x80, 'b'};
        for (int id : TokenizerTexts.ids(tokenizer.tokens(new ByteArrayInputStream(noText)), 5)) {
            assertInVocabulary(id, "bytes that are not UTF-8");
        }
    }

    /** It does not matter how many ids are asked for at once, and how many bytes arrive at once. */
    @Test
    public void theSameIdsInAnyPieces() throws IOException {
        for (String text : texts()) {
            List<Integer> expected = ids(text);
            for (int piece : new int[] {1, 3, 1 << 16}) {
                assertEquals(expected, TokenizerTexts.ids(tokenizer.tokens(TokenizerTexts.stream(text)), piece),
                        "ids, " + piece + " at once, of " + shown(text));
            }
            assertEquals(expected,
                    TokenizerTexts.ids(tokenizer.tokens(new TokenizerTexts.Slow(TokenizerTexts.stream(text))), 100),
                    "ids of text that arrives byte by byte: " + shown(text));
        }
    }

    /** If it can give the positions of tokens, the ids are the same, and each position lies in the text. */
    @Test
    public void placesAreInTheText() throws IOException {
        for (String text : texts()) {
            Optional<PlacedIds> given = tokenizer.placed(text);
            if (given.isEmpty()) {
                return;
            }
            PlacedIds placed = given.get();
            assertEquals(ids(text), Arrays.stream(placed.ids()).boxed().toList(), "ids with places of " + shown(text));
            for (int i = 0; i < placed.ids().length; i++) {
                int start = placed.starts()[i];
                assertTrue(start >= (i == 0 ? 0 : placed.starts()[i - 1]) && start <= placed.ends()[i]
                        && placed.ends()[i] <= text.length(),
                        "id " + i + " from " + start + " to " + placed.ends()[i] + " of " + shown(text));
            }
        }
    }

    /** Only as many ids as were asked for are written, and only where they were asked for; after the end it stays at the end. */
    @Test
    public void writesOnlyWhereItIsAsked() throws IOException {
        Tokenizer.Tokens tokens = tokenizer.tokens(TokenizerTexts.stream("To be, or not to be."));
        int[] target = {-7, -7, -7, -7, -7};
        int read = tokens.read(target, 2, 2);
        assertTrue(read == 1 || read == 2, "ids read, of 2 that were asked for: " + read);
        for (int i = 0; i < target.length; i++) {
            assertEquals(i >= 2 && i < 2 + read, target[i] != -7, "whether place " + i + " was written, of 2 and 3");
        }
        while (tokens.read(target, 0, 5) >= 0) {
            // To the end.
        }
        assertEquals(-1, tokens.read(target, 0, 1), "after the end");
    }

    /** Several texts may be open at the same time and be read alternately, as with several data sources. */
    @Test
    public void textsMayBeReadInTurns() throws IOException {
        List<String> texts = texts().stream().limit(texts().size() - 1).toList();
        List<List<Integer>> found = new ArrayList<>();
        List<Tokenizer.Tokens> open = new ArrayList<>();
        for (String text : texts) {
            open.add(tokenizer.tokens(TokenizerTexts.stream(text)));
            found.add(new ArrayList<>());
        }
        int[] some = new int[3];
        for (boolean more = true; more;) {
            more = false;
            for (int i = 0; i < open.size(); i++) {
                int read = open.get(i).read(some, 0, some.length);
                for (int k = 0; k < read; k++) {
                    found.get(i).add(some[k]);
                }
                more |= read > 0;
            }
        }
        for (int i = 0; i < texts.size(); i++) {
            assertEquals(ids(texts.get(i)), found.get(i),
                    "ids of texts that are read in turns: " + shown(texts.get(i)));
        }
    }

    /** Several threads may use it. */
    @Test
    public void threadsDoNotDisturbEachOther() throws IOException {
        List<List<Integer>> expected = new ArrayList<>();
        for (String text : texts()) {
            expected.add(ids(text));
        }
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = Stream.generate(() -> Thread.ofPlatform().unstarted(() -> {
            try {
                for (int round = 0; round < 5; round++) {
                    for (int i = 0; i < expected.size(); i++) {
                        assertEquals(expected.get(i), ids(texts().get(i)), "ids, from several threads");
                    }
                }
            } catch (Exception | Error e) {
                failures.add(e);
            }
        })).limit(THREADS).toList();
        threads.forEach(Thread::start);
        threads.forEach(TokenizerTexts::join);
        if (!failures.isEmpty()) {
            throw new AssertionError(failures.size() + " of " + THREADS + " threads failed", failures.getFirst());
        }
    }

    /** Two opened tokenizers are independent: closing one does not affect the other, and closing again does nothing. */
    @Test
    public void tokenizersAreClosedByThemselves() throws IOException {
        List<Integer> expected = ids("To be, or not to be.");
        Tokenizer other = provider().open(source());
        assertEquals(tokenizer.identity(), other.identity(), "identity of the same tokenizer");
        other.close();
        other.close();
        assertEquals(expected, ids("To be, or not to be."), "ids, after another tokenizer was closed");
        assertTrue(tokenizer.identity().matches("\\P{Cntrl}{1,200}"), "identity: " + tokenizer.identity());
    }

    /** Its files, copied into another folder, give the same tokenizer: exported models and tokenized text contain such copies. */
    @Test
    public void filesMakeTheSameTokenizer() throws IOException {
        List<Path> files = tokenizer.files();
        if (files.isEmpty()) {
            return;
        }
        Path folder = Files.createTempDirectory("tokenizer");
        try {
            for (Path file : files) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
            Path copy = folder.resolve(files.getFirst().getFileName());
            assertTrue(provider().reads(copy), "reads the first of its files, " + copy);
            try (Tokenizer copied = provider().open(new TokenizerSource(Optional.of(copy), source().endToken()))) {
                assertEquals(tokenizer.endToken(), copied.endToken(), "end of a document, of a copy of " + files);
                assertEquals(tokenizer.identity(), copied.identity(), "identity of a copy of " + files);
                for (String text : texts()) {
                    assertEquals(ids(text), TokenizerTexts.ids(copied.tokens(TokenizerTexts.stream(text)), 100),
                            "ids of a copy of " + files);
                }
            }
        } finally {
            try (Stream<Path> all = Files.walk(folder)) {
                all.sorted(Comparator.reverseOrder()).forEach(TokenizerTexts::delete);
            }
        }
    }

    /** With another token at the end of documents it is another tokenizer, with the same ids for texts. */
    @Test
    public void theEndTokenIsPartOfTheIdentity() throws IOException {
        if (otherEndToken().isEmpty()) {
            return;
        }
        try (Tokenizer other = provider().open(source().withEndToken(otherEndToken()))) {
            assertNotEquals(tokenizer.endToken(), other.endToken(), "end of a document: " + otherEndToken().get());
            assertNotEquals(tokenizer.identity(), other.identity(), "identity, with another end of documents");
            assertEquals(ids("To be"), TokenizerTexts.ids(other.tokens(TokenizerTexts.stream("To be")), 5),
                    "ids, with another end of documents");
        }
    }

    /** The caller's stream stays open, and its exceptions reach the caller. */
    @Test
    public void theStreamIsTheCallers() throws IOException {
        TokenizerTexts.Slow stream = new TokenizerTexts.Slow(TokenizerTexts.stream("a text"));
        TokenizerTexts.ids(tokenizer.tokens(stream), 10);
        assertFalse(stream.isClosed(), "the stream was closed");
        IOException problem = new IOException("the disk is gone");
        IOException thrown = assertThrows(IOException.class,
                () -> TokenizerTexts.ids(tokenizer.tokens(new TokenizerTexts.Failing(problem)), 10));
        assertSame(problem, thrown);
    }

    /** An unknown token for the end of a document is refused. */
    @Test
    public void anUnknownEndTokenIsRefused() {
        String unknown = "<|there is no such token|>";
        InputException refusal = assertThrows(InputException.class,
                () -> provider().open(source().withEndToken(Optional.of(unknown))).close());
        String message = String.valueOf(refusal.getMessage());
        assertTrue(message.contains(unknown) && message.contains("data.end_token"), message);
    }

    /** Text is decoded id by id: no character is split, nothing is lost. */
    @Test
    public void textComesBackIdById() throws IOException {
        Optional<Tokenizer.Decoder> given = tokenizer.decoder();
        if (given.isEmpty()) {
            return;
        }
        Tokenizer.Decoder decoder = given.get();
        for (String text : texts()) {
            String first = TokenizerDecoding.text(decoder, ids(text));
            assertEquals(first, TokenizerDecoding.text(decoder, ids(text)), "text, decoded a second time");
            assertEquals(text.indexOf('\uFFFD') >= 0, first.indexOf('\uFFFD') >= 0 && keepsText(),
                    "half a character in " + shown(first));
            if (keepsText()) {
                assertEquals(text, first, "text that comes back");
            }
        }
        assertThrows(IllegalArgumentException.class, () -> decoder.next(tokenizer.vocabulary()));
        assertThrows(IllegalArgumentException.class, () -> decoder.next(-1));
    }

    /** Text is returned as soon as it is complete, in whole characters, even if the ids end early; and decoders are independent. */
    @Test
    public void textComesAsItGrows() throws IOException {
        if (tokenizer.decoder().isEmpty()) {
            return;
        }
        Tokenizer.Decoder decoder = tokenizer.decoder().get();
        for (String text : texts()) {
            List<Integer> ids = ids(text);
            TokenizerDecoding.comesAsItGrows(decoder, ids, shown(text));
            if (keepsText()) {
                TokenizerDecoding.mayEndEarly(decoder, ids, text, shown(text));
            }
            TokenizerDecoding.areIndependent(decoder, tokenizer.decoder().orElseThrow(), ids,
                    TokenizerDecoding.text(decoder, ids));
        }
    }

    private void assertInVocabulary(int id, String where) {
        assertTrue(id >= 0 && id < tokenizer.vocabulary(),
                () -> "the id " + id + " is not in [0, " + tokenizer.vocabulary() + "): " + shown(where));
    }

    private List<Integer> ids(String text) throws IOException {
        return TokenizerTexts.ids(tokenizer.tokens(TokenizerTexts.stream(text)), 100);
    }

    private static String shown(String text) {
        return "\"" + text.substring(0, Math.min(100, text.length())) + "\" ("
                + text.getBytes(StandardCharsets.UTF_8).length + " bytes)";
    }
}
