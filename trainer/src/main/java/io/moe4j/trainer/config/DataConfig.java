package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.data.BadLines;
import io.moe4j.data.ChangedData;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The data that is read, and how.
 *
 * @param path a text file, a JSONL file, or a folder of them; the packaged sources of this project if absent
 * @param tokenizer id of a tokenizer, such as {@code bytes}, or the path of a tokenizer.json or of its folder; {@code auto} for the one
 *     that {@link ConfiguredTokenizer} finds
 * @param endToken the token that ends a document, as it is written in the vocabulary; if absent, the one that the tokenizer's files name
 * @param onBadLine what happens with a line of a JSONL file that is not an object with a text
 * @param textField the key of an object, or the column of a table, that has the text
 * @param promptField the key or column of the prompt, which precedes the text and is not learned; none if absent
 * @param messagesField the key or column of conversations, which are read instead of texts, by the chat template; none if absent
 * @param chatTemplate a file with the chat template, instead of the one beside the tokenizer or in the model's folder
 * @param documentBoundaries whether tokens attend only to tokens of their own document, with positions that begin at 0 in each document
 * @param maskDocumentEnds whether the label that follows a document's end, and those of padding, are ignored
 * @param epochs how often a source is read before it is used up; 0 for any number of times
 * @param shuffleTokens tokens in a block of a source; sequences are shuffled within a block
 * @param onChanged what happens if a source's files have changed since the checkpoint that is continued
 * @param sources the sources that are mixed, by name; empty for {@code path} alone
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record DataConfig(Optional<Path> path, String tokenizer, Optional<String> endToken, BadLines onBadLine,
        String textField, Optional<String> promptField, Optional<String> messagesField, Optional<Path> chatTemplate,
        boolean documentBoundaries, boolean maskDocumentEnds,
        long epochs, int shuffleTokens,
        ChangedData onChanged, Map<String, SourceConfig> sources) {

    public DataConfig {
        sources = Collections.unmodifiableMap(new TreeMap<>(sources));
    }

    /** With another value of {@code path}. */
    public DataConfig withPath(Optional<Path> value) {
        return Components.with(this, "path", value);
    }

    /** With another value of {@code tokenizer}. */
    public DataConfig withTokenizer(String value) {
        return Components.with(this, "tokenizer", value);
    }

    /** With another value of {@code endToken}. */
    public DataConfig withEndToken(Optional<String> value) {
        return Components.with(this, "endToken", value);
    }

    /** With another value of {@code onBadLine}. */
    public DataConfig withOnBadLine(BadLines value) {
        return Components.with(this, "onBadLine", value);
    }

    /** With another value of {@code textField}. */
    public DataConfig withTextField(String value) {
        return Components.with(this, "textField", value);
    }

    /** With another value of {@code promptField}. */
    public DataConfig withPromptField(Optional<String> value) {
        return Components.with(this, "promptField", value);
    }

    /** With another value of {@code messagesField}. */
    public DataConfig withMessagesField(Optional<String> value) {
        return Components.with(this, "messagesField", value);
    }

    /** With another value of {@code chatTemplate}. */
    public DataConfig withChatTemplate(Optional<Path> value) {
        return Components.with(this, "chatTemplate", value);
    }

    /** With another value of {@code documentBoundaries}. */
    public DataConfig withDocumentBoundaries(boolean value) {
        return Components.with(this, "documentBoundaries", value);
    }

    /** With another value of {@code maskDocumentEnds}. */
    public DataConfig withMaskDocumentEnds(boolean value) {
        return Components.with(this, "maskDocumentEnds", value);
    }

    /** With another value of {@code epochs}. */
    public DataConfig withEpochs(long value) {
        return Components.with(this, "epochs", value);
    }

    /** With another value of {@code shuffleTokens}. */
    public DataConfig withShuffleTokens(int value) {
        return Components.with(this, "shuffleTokens", value);
    }

    /** With another value of {@code onChanged}. */
    public DataConfig withOnChanged(ChangedData value) {
        return Components.with(this, "onChanged", value);
    }

    /** With another value of {@code sources}. */
    public DataConfig withSources(Map<String, SourceConfig> value) {
        return Components.with(this, "sources", value);
    }
}
