package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.data.Conversations;
import io.moe4j.data.TokenFolder;
import io.moe4j.data.TokenManifest;
import io.moe4j.trainer.chat.ChatFormat;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The chat template of a run: the one that {@code data.chat_template} names, otherwise the one beside the tokenizer, otherwise that of the model's folder
 * ({@code model.from}).
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class ConfiguredChat {
    private static final Logger log = LoggerFactory.getLogger(ConfiguredChat.class);

    private ConfiguredChat() {}

    /**
     * How conversations are read.
     *
     * @param field the key or column with the messages
     * @throws InputException if there is no template, or it is not understood
     */
    static Conversations conversations(TrainerConfig config, Registry registry, String field) {
        return required(config, registry).conversations(field);
    }

    private static ChatFormat required(TrainerConfig config, Registry registry) {
        return find(config, registry)
                .orElseThrow(() -> new InputException("conversations are written by a chat template, and "
                        + (folders(config, registry).isEmpty() ? "neither tokenizer nor model have a folder"
                                : "there is none in " + shown(folders(config, registry)))
                        + " (chat_template.jinja, or chat_template in tokenizer_config.json); name one with"
                        + " data.chat_template = FILE"));
    }

    /**
     * Whether a run was trained on conversations, read from text or from tokenized text, and its chat template can be found, so that it can be asked in
     * conversations.
     */
    public static boolean isLearned(TrainerConfig config, Registry registry) {
        try {
            boolean read = ConfiguredData.hasConversations(config.data())
                    || ConfiguredData.sources(config.data()).stream()
                            .flatMap(source -> source.path().stream()).filter(TokenFolder::isIn)
                            .anyMatch(folder -> TokenManifest.read(folder).conversations());
            return read && find(config, registry).isPresent();
        } catch (InputException e) {
            log.debug("the data cannot be looked at again", e);
            return false;
        }
    }

    /** Checks the template, if the run has or needs one. */
    static void check(TrainerConfig config, Registry registry) {
        if (ConfiguredData.hasConversations(config)) {
            required(config, registry);
        } else if (config.data().chatTemplate().isPresent()) {
            find(config, registry);
        }
    }

    /** The text of the template that {@code data.chat_template} names. */
    public static Optional<String> written(TrainerConfig config) {
        return config.data().chatTemplate().map(ChatFormat::read);
    }

    /** Identifies the tokenizer, and the template if conversations are read, for comparison between ranks. */
    public static String identity(TrainerConfig config, Registry registry) {
        return ConfiguredTokenizer.identity(config, registry)
                + (ConfiguredData.hasConversations(config) ? "; " + required(config, registry).identity() : "");
    }

    private static Optional<ChatFormat> find(TrainerConfig config, Registry registry) {
        return ChatFormat.find(written(config), folders(config, registry));
    }

    private static List<Path> folders(TrainerConfig config, Registry registry) {
        return ChatFormat.folders(ConfiguredTokenizer.name(config, registry), config.model().from());
    }

    private static String shown(List<Path> folders) {
        return Shown.of(String.join(" and ", folders.stream().map(Path::toString).toList()));
    }
}
