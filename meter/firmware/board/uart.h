#pragma once

void uart_start(void);

/** Sends a text behind the caller's back, who must leave it alone until the last byte is out. */
void uart_send(const char *text);
