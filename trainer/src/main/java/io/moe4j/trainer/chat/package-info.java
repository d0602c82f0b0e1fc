/** Conversations: as training text, of which the answers are learned, and as prompts. */
@NullMarked
package io.moe4j.trainer.chat;

import org.jspecify.annotations.NullMarked;
