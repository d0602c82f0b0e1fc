package io.moe4j.trainer.model;

import io.moe4j.trainer.chat.ChatFormat;
import io.moe4j.trainer.checkpoint.store.StoredModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The chat template of a run's model. */
final class RunChat {
    /** A chat template in a folder of its own. */
    static final String FILE = "chat_template.jinja";

    private RunChat() {}

    /** The template of its configuration, otherwise the one beside the run's tokenizer, otherwise that of the folder that training started from. */
    static Optional<ChatFormat> of(StoredModel model) {
        return ChatFormat.find(model.chatTemplate(), ChatFormat.folders(model.tokenizer(), model.from().map(Path::of)));
    }

    /** The template that a folder has as a file. */
    static Optional<String> inFolder(Path folder) {
        return Optional.of(folder.resolve(FILE)).filter(Files::isRegularFile).map(ChatFormat::read);
    }
}
