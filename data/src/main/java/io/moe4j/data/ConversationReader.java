package io.moe4j.data;

import io.moe4j.api.text.LoneSurrogates;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Reads conversations from files. A document that is not a conversation is reported as a bad line. */
final class ConversationReader {
    /** The largest size of a conversation in bytes; it is kept in memory as a whole. */
    static final int LONGEST = 1 << 24;

    private final Conversations conversations;
    private final DocumentSplit split;
    private final Reading reading;

    ConversationReader(Conversations conversations, DocumentSplit split, Reading reading) {
        this.conversations = conversations;
        this.split = split;
        this.reading = reading;
    }

    /** A conversation, if it is one and on this side of the split. */
    Optional<RenderedConversation> read(InputStream json, String where) throws IOException {
        byte[] bytes = json.readNBytes(LONGEST + 1);
        if (bytes.length > LONGEST) {
            reading.badLine(where, "has more than " + LONGEST + " bytes, which are the most of a conversation");
            return Optional.empty();
        }
        try {
            RenderedConversation found = conversations.render(new String(bytes, StandardCharsets.UTF_8));
            if (split.selects()) {
                byte[] key = found.key().getBytes(StandardCharsets.UTF_8);
                if (!split.reads(DocumentSplit.hash(key, key.length))) {
                    return Optional.empty();
                }
            }
            long halves = LoneSurrogates.count(found.text());
            if (halves > 0) {
                reading.loneSurrogates(halves);
            }
            return Optional.of(found);
        } catch (ConversationException e) {
            reading.badLine(where, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }
}
