package io.moe4j.data;

import io.moe4j.api.text.LoneSurrogates;
import io.moe4j.api.text.PlacedIds;
import io.moe4j.api.text.Tokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The marked tokens of a conversation: tokens of parts that are not learned have {@link MarkedToken#NOT_LEARNED}. The text is tokenized as a whole, as in
 * inference. A token is learned if it overlaps a learned part; so are all tokens between two such tokens of the same part.
 */
final class ConversationTokens {

    private ConversationTokens() {}

    /** The tokens of a conversation. No end token is added: the template writes all special tokens. */
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

    /** For a tokenizer that cannot give the positions of tokens in the text: learned parts and other parts are tokenized separately. */
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
