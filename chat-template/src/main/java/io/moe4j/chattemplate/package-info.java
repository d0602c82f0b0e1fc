/**
 * The chat templates of published models: text in the language Jinja that turns a conversation into one text, byte for byte as {@code apply_chat_template} of
 * transformers does. Terms: {@code docs/glossary.md}.
 */
@NullMarked
package io.moe4j.chattemplate;

import org.jspecify.annotations.NullMarked;
