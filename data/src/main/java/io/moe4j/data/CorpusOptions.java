package io.moe4j.data;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.SourceProvider;
import java.util.List;
import java.util.Optional;

/**
 * How the files of a corpus are read. Start from {@link #DEFAULT}.
 *
 * @param badLines what happens with lines that have no text, and with bytes that are not UTF-8
 * @param textField the key or column that has the text
 * @param promptField the key or column of the prompt, which precedes the text and is not learned; documents may lack it
 * @param conversations how conversations are read; if present, files have conversations instead of texts and prompts
 * @param formats providers of formats; the first that reads a name is used. A file that none reads is one text
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record CorpusOptions(BadLines badLines, String textField, Optional<String> promptField,
        Optional<Conversations> conversations, List<SourceProvider> formats) {

    /** A bad line ends the run, the field is {@code text}, and JSON is the only format besides plain text. */
    public static final CorpusOptions DEFAULT = new CorpusOptions(BadLines.FAIL, "text", Optional.empty(),
            Optional.empty(), CorpusFile.formats());

    public CorpusOptions {
        formats = List.copyOf(formats);
    }

    /** With another rule for bad lines. */
    public CorpusOptions withBadLines(BadLines value) {
        return new CorpusOptions(value, textField, promptField, conversations, formats);
    }

    /** With other fields. */
    public CorpusOptions withFields(String text, Optional<String> prompt) {
        return new CorpusOptions(badLines, text, prompt, conversations, formats);
    }

    /** With conversations instead of texts. */
    public CorpusOptions withConversations(Optional<Conversations> value) {
        return new CorpusOptions(badLines, textField, promptField, value, formats);
    }

    /** With the formats that are available in a registry. */
    public CorpusOptions withFormats(Registry registry) {
        return new CorpusOptions(badLines, textField, promptField, conversations,
                Asking.able(registry.all(SourceProvider.class),
                        "probe", provider -> provider.probe() instanceof Availability.Available));
    }
}
