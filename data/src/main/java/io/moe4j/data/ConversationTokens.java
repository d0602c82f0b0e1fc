package io.moe4j.data;

import io.moe4j.api.text.PlacedIds;
import io.moe4j.api.text.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The marked tokens of a conversation: those of what is not learned have {@link MarkedToken#NOT_LEARNED}. The text is tokenized as a whole, as it will be
 * when the model is asked. A token is learned if any part of it lies in a learned part, and so is what lies between two such tokens of one part.
 */
final class ConversationTokens {

    private ConversationTokens() {}

    /** Its tokens. No end token follows: the template has written all that belongs to it. */
    static int[] of(RenderedConversation conversation, Tokenizer tokenizer, String where) {
        String text = whole(conversation.text());
        Optional<PlacedIds> placed = tokenizer.placed(text);
        int[] tokens = placed.isPresent() ? marked(placed.get(), conversation, tokenizer, where)
                : inPieces(text, conversation, tokenizer, where);
        return tokens;
    }

    /** Halves of characters, each of which becomes U+FFFD. */
    static long loneSurrogates(String text) {
        return text.codePoints().filter(ConversationTokens::isHalf).count();
    }

    private static int[] marked(PlacedIds placed, RenderedConversation conversation, Tokenizer tokenizer,
            String where) {
        int[] tokens = placed.ids().clone();
        TokenizedDocument.check(tokens, tokens.length, tokenizer, where);
        boolean[] learned = new boolean[tokens.length];
        int next = 0;
        for (RenderedConversation.Part part : conversation.learned()) {
            while (next < tokens.length && placed.ends()[next] <= part.start()) {
                next++;
            }
            int last = next - 1;
            for (int i = next; i < tokens.length && placed.starts()[i] < part.end(); i++) {
                last = placed.ends()[i] > part.start() ? i : last;
            }
            Arrays.fill(learned, next, last + 1, true);
        }
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] |= learned[i] ? 0 : MarkedToken.NOT_LEARNED;
        }
        return tokens;
    }

    /** With a tokenizer that cannot tell places, learned parts are tokenized apart from the others. */
    private static int[] inPieces(String text, RenderedConversation conversation, Tokenizer tokenizer, String where) {
        Pieces pieces = new Pieces(tokenizer, where);
        int at = 0;
        for (RenderedConversation.Part part : conversation.learned()) {
            pieces.add(text.substring(at, part.start()), MarkedToken.NOT_LEARNED);
            pieces.add(text.substring(part.start(), part.end()), 0);
            at = part.end();
        }
        pieces.add(text.substring(at), MarkedToken.NOT_LEARNED);
        return Arrays.copyOf(pieces.tokens, pieces.count);
    }

    /** Tokens of pieces, one after another. */
    private static final class Pieces {
        private final Tokenizer tokenizer;
        private final String where;
        private int[] tokens = new int[1 << 8];
        private int count;

        private Pieces(Tokenizer tokenizer, String where) {
            this.tokenizer = tokenizer;
            this.where = where;
        }

        private void add(String piece, int marks) {
            Tokenizer.Tokens ids = tokenizer
                    .tokens(new ByteArrayInputStream(piece.getBytes(StandardCharsets.UTF_8)));
            int[] some = new int[1 << 10];
            try {
                for (int read = ids.read(some, 0, some.length); read >= 0; read = ids.read(some, 0, some.length)) {
                    TokenizedDocument.check(some, read, tokenizer, where);
                    if (read > tokens.length - count) {
                        tokens = Arrays.copyOf(tokens, Math.max(2 * tokens.length, count + read));
                    }
                    for (int i = 0; i < read; i++) {
                        tokens[count++] = some[i] | marks;
                    }
                }
            } catch (IOException e) {
                throw CorpusFile.unreadable(where, e);
            }
        }
    }

    private static String whole(String text) {
        return loneSurrogates(text) == 0 ? text
                : text.codePoints().map(each -> isHalf(each) ? 0xFFFD : each)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
    }

    private static boolean isHalf(int point) {
        return point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
    }
}
