// Reads messages as mailparser and mailauth do.
// stdin: {"messages": [base64], "dns": {name: TXT record}}; stdout: one object a message.
import { readFileSync } from 'node:fs';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { simpleParser } from 'mailparser';

const { messages, dns } = JSON.parse(readFileSync(0, 'utf8'));

async function resolver(name) {
    if (!(name in dns)) {
        throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    }
    return [[dns[name]]];
}

async function read(encoded) {
    const bytes = Buffer.from(encoded, 'base64');
    const mail = await simpleParser(bytes, { skipTextToHtml: true, skipImageLinks: true });
    const { results } = await dkimVerify(bytes, { resolver });
    return {
        subject: mail.subject ?? '',
        from: mail.from?.value,
        to: mail.to?.value,
        date: mail.date,
        messageId: mail.messageId,
        text: mail.text ?? '',
        html: mail.html || '',
        list: mail.headers.get('list'),
        headers: mail.headerLines.map(({ key, line }) => [key, line]),
        attachments: mail.attachments.map(({ filename, contentType, content }) => ({
            filename,
            contentType,
            content: content.toString('base64'),
        })),
        dkim: results.map(({ status, signingHeaders }) => ({
            result: status.result,
            signed: (signingHeaders?.keys ?? '').toLowerCase().split(/[:;\s]+/),
        })),
    };
}

const read_all = [];
for (const each of messages) {
    read_all.push(await read(each));
}
process.stdout.write(JSON.stringify(read_all));
