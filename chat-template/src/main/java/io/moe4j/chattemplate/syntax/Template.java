package io.moe4j.chattemplate.syntax;

import java.util.List;

/**
 * A template that was read.
 *
 * @param marksGeneration whether a part of it says that it is the assistant's
 */
public record Template(List<Statement> statements, boolean marksGeneration) {}
