package io.moe4j.data;

import io.moe4j.api.text.LoneSurrogates;
import io.moe4j.api.text.PlacedIds;
import io.moe4j.api.text.Tokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The marked tokens of a conversation: those of what is not learned have {@link MarkedToken#NOT_LEARNED}. The text is tokenized as a whole, as it will be
 * when the model is asked. A token is learned if any part of it lies in a learned part, and so is what lies between two such tokens of one part.
 */
final class ConversationTokens {

    private ConversationTokens() {}

    /** Its tokens. No end token follows: the template has written all that belongs to it. */
    static int[] of(RenderedConversation conversation, Tokenizer tokenizer, String where) {
        String text = LoneSurrogates.replaced(conversation.text());
        Optional<PlacedIds> placed = tokenizer.placed(text);
        return placed.isPresent() ? marked(placed.get(), conversation, tokenizer, where)
                : inPieces(text, conversation, tokenizer, where);
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
        IntStream.Builder tokens = IntStream.builder();
        int at = 0;
        try {
            for (RenderedConversation.Part part : conversation.learned()) {
                add(tokens, text.substring(at, part.start()), MarkedToken.NOT_LEARNED, tokenizer, where);
                add(tokens, text.substring(part.start(), part.end()), 0, tokenizer, where);
                at = part.end();
            }
            add(tokens, text.substring(at), MarkedToken.NOT_LEARNED, tokenizer, where);
        } catch (IOException e) {
            throw CorpusFile.unreadable(where, e);
        }
        return tokens.build().toArray();
    }

    private static void add(IntStream.Builder tokens, String piece, int marks, Tokenizer tokenizer, String where)
            throws IOException {
        int[] ids = EncodedText.ids(tokenizer, piece);
        TokenizedDocument.check(ids, ids.length, tokenizer, where);
        for (int id : ids) {
            tokens.add(id | marks);
        }
    }
}
