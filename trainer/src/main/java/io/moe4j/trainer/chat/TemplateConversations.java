package io.moe4j.trainer.chat;

import io.moe4j.chattemplate.ChatTemplate;
import io.moe4j.chattemplate.ChatTemplateException;
import io.moe4j.chattemplate.Rendered;
import io.moe4j.data.ConversationException;
import io.moe4j.data.Conversations;
import io.moe4j.data.RenderedConversation;
import io.moe4j.data.RenderedConversation.Part;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Conversations as a chat template writes them. */
final class TemplateConversations implements Conversations {
    /**
     * The date that templates see for all training text, so that a run that is continued on another day reads the same text. It is the date that Llama's
     * templates use if none is known.
     */
    private static final Clock DATE = Clock.fixed(Instant.parse("2024-07-26T00:00:00Z"), ZoneOffset.UTC);
    private static final String ARGUMENTS = "chat_template_kwargs";

    private final ChatFormat format;
    private final String field;

    TemplateConversations(ChatFormat format, String field) {
        this.format = format;
        this.field = field;
    }

    @Override
    public String field() {
        return field;
    }

    @Override
    public String identity() {
        return format.identity();
    }

    @Override
    public Map<String, String> templates() {
        return format.files();
    }

    @Override
    public RenderedConversation render(String json) throws ConversationException {
        Conversation conversation = Conversation.read(json, field);
        if (conversation.messages().stream().noneMatch(Conversation::isAssistant)) {
            throw new ConversationException(
                    "has no message of the role \"assistant\", so that nothing in it is learned");
        }
        Map<String, @Nullable Object> variables = conversation.variablesWith(ARGUMENTS);
        ChatTemplate template = format.template(variables).withClock(DATE);
        RenderedConversation rendered = template.marksGeneration() ? marked(template, conversation, variables)
                : found(template, conversation, variables);
        if (rendered.learned().isEmpty()) {
            throw new ConversationException("has no part that the chat template marks with {% generation %}");
        }
        return rendered;
    }

    private RenderedConversation marked(ChatTemplate template, Conversation conversation,
            Map<String, @Nullable Object> variables)
            throws ConversationException {
        try {
            Rendered rendered = template.renderMarked(format.all(conversation.messages(), variables, false));
            List<Part> parts = rendered.generated().stream().filter(span -> span.end() > span.start())
                    .map(span -> new Part(span.start(), span.end())).toList();
            return new RenderedConversation(rendered.text(), parts, conversation.key());
        } catch (ChatTemplateException e) {
            throw ChatFormat.problem(e);
        }
    }

    private RenderedConversation found(ChatTemplate template, Conversation conversation,
            Map<String, @Nullable Object> variables)
            throws ConversationException {
        Template rendering = (messages, prompt) -> ChatFormat.render(template,
                format.all(messages, variables, prompt));
        String text = rendering.render(conversation.messages(), false);
        return new RenderedConversation(text, AnswerFinder.answers(rendering, conversation.messages(), text),
                conversation.key());
    }
}
