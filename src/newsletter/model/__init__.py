"""The words of the product as plain data and pure rules; nothing here reads, writes or imports a framework."""
